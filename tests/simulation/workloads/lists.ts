/** Lists that only grow, also by each other's messages: what is missing, double or out of order can be seen. */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { defineContract, type MessageOf } from '../../../protocol/contract.ts';
import { defineActor } from '../../../runtime/define-actor.ts';
import { emit, tell } from '../../../runtime/effects.ts';
import { defineTable } from '../../../runtime/table.ts';
import { defineIndex } from '../../../runtime/table-index.ts';
import { model, moments, type Workload } from '../workload.ts';

export const listContract = defineContract({
  kind: 'list',
  messages: {
    append: z.object({ item: z.string() }),
    /** Appends to itself and to others. */
    spread: z.object({ item: z.string(), to: z.array(z.string()) }),
  },
  events: { grown: z.object({ length: z.number(), item: z.string(), least: z.string() }) },
});

const items = defineTable<string>('items');
/** In the order of their texts: what a turn reads of it must be the same whoever has built it. */
const byText = defineIndex<string, true>(items, 'byText', {
  entries: (item, key) => [[`${item} ${key}`, true]],
});
const least = (): string => {
  for (const [entry] of byText.range({ limit: 1 })) return entry.slice(0, entry.indexOf(' '));
  return '';
};
const place = (length: number): string => String(length).padStart(6, '0');

const list = defineActor({
  ...listContract,
  tables: { items },
  queries: { all: () => [...items.range()].map(([, item]) => item) },
  machine: setup({
    types: { context: {} as { length: number }, events: {} as MessageOf<typeof listContract.messages> },
  }).createMachine({
    context: { length: 0 },
    on: {
      append: {
        actions: [
          ({ context, event }) => items.put(place(context.length), event.item),
          assign({ length: ({ context }) => context.length + 1 }),
        ],
      },
      spread: {
        actions: [
          ({ context, event }) => items.put(place(context.length), event.item),
          assign({ length: ({ context }) => context.length + 1 }),
          ({ context, event }) => {
            for (const key of event.to)
              tell(listContract.at(key), { type: 'append', item: `${event.item}>` });
            emit(listContract, 'grown', { length: context.length, item: event.item, least: least() });
          },
        ],
      },
    },
  }),
});

export const lists: Workload = {
  name: 'lists',
  actors: [list],
  models: {
    list: model<string[]>({
      takes: { append: 'public', spread: 'public' },
      initial: () => [],
      apply(state, message, turn) {
        const item = message['item'] as string;
        state.push(item);
        if (message.type === 'append') return state;
        for (const key of message['to'] as string[])
          turn.tell(`list/${key}`, { type: 'append', item: `${item}>` } as { type: string });
        turn.emit('grown', { length: state.length, item, least: state.toSorted()[0] });
        return state;
      },
    }),
  },
  plan(draw, messages) {
    const keys = Array.from({ length: draw.whole(2, 8) }, (_, index) => `l${index}`);
    return moments(draw, messages).map((at, index) => {
      const item = `i${index}`;
      const message = draw.chance(0.7)
        ? { type: 'append', item }
        : { type: 'spread', item, to: Array.from({ length: draw.whole(1, 5) }, () => draw.pick(keys)) };
      return { at, to: listContract.at(draw.pick(keys)), what: { message } };
    });
  },
};
