/** The output of a worker, line by line: nothing it prints grows without bound in the node. */
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';

/** Of one line; what is longer is cut. */
export const LINE_CHARS = 4_000;

/** Calls back with each line, the last one too when it does not end with a newline. Empty lines are left out. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let begun = '';
  let cut = false;
  const add = (text: string): void => {
    cut ||= begun.length + text.length > LINE_CHARS;
    begun = (begun + text).slice(0, LINE_CHARS);
  };
  const end = (): void => {
    const line = begun.replace(/\r$/, '');
    if (line !== '') onLine(cut ? `${line}…` : line);
    begun = '';
    cut = false;
  };
  stream.on('data', (chunk: Buffer) => {
    const [first = '', ...others] = decoder.write(chunk).split('\n');
    add(first);
    for (const other of others) {
      end();
      add(other);
    }
  });
  stream.once('end', () => {
    add(decoder.end());
    end();
  });
  // The other end may break at any moment; its process ends next.
  stream.on('error', () => undefined);
}
