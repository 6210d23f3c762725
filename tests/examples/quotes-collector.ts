// quotes.ts — use it with: npm start -- --collector quotes.ts --source quotes:./quotes.json
import { readFile } from 'node:fs/promises';
import { type Collector, type Target, Unreadable } from 'banyan';

interface Quote {
  readonly id: string;
  readonly author: string;
  readonly text: string;
}

const load = async ({ location }: Target): Promise<Quote[]> =>
  JSON.parse(await readFile(location, 'utf8')) as Quote[];

export default {
  type: 'quotes',

  // Each quote is an item. Size and time tell whether it has to be read again.
  async list(target) {
    return (await load(target)).map(({ id, text }) => ({ name: id, bytes: text.length, modifiedMs: 0 }));
  },

  async read(target, name) {
    const quote = (await load(target)).find(({ id }) => id === name);
    if (quote === undefined) throw new Unreadable('gone');
    return {
      content: quote.text,
      contentType: 'text',
      source: `quotes:${name}`,
      domain: 'quotes',
      bytes: quote.text.length,
      modifiedMs: 0,
      metadata: { author: quote.author },
    };
  },
} satisfies Collector;
