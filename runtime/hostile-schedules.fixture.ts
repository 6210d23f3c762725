/** An actor that keeps items and rows, and whose tasks do what tasks should not. */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { defineContract, internal, type MessageOf } from '../protocol/contract.ts';
import { defineActor } from './define-actor.ts';
import { reply, task } from './effects.ts';
import { defineTable } from './table.ts';
import { LIMITS } from '../config/limits.ts';

const contract = defineContract({
  kind: 'box',
  messages: {
    put: z.object({ item: z.string() }),
    fill: z.object({ rows: z.number(), from: z.number() }),
    fail: z.object({}),
    recurse: z.object({}),
    find: z.object({ keyChars: z.number() }),
    end: z.object({}),
    work: z.object({ mode: z.string(), bytes: z.number() }),
    'work.done': internal(z.object({ input: z.unknown(), output: z.unknown() })),
    'work.failed': internal(z.object({ input: z.unknown(), error: z.object({ message: z.string() }) })),
  },
  events: {},
});
const things = defineTable<{ n: number }>('things');
export type Context = { items: string[]; results: number; failures: number };
const deep = (): number => 1 + deep();
/** What a test opens for a task that waits. */
export const gates = { open: () => {} };

/** Its version is that of its state. */
export function box(version = 1) {
  return defineActor({
    ...contract,
    version,
    tables: { things },
    queries: { context: ({ context }) => context, rows: () => [...things.range()].length },
    tasks: {
      work: async (input: { mode: string; items: string[] }) => {
        if (input.mode === 'wait') await new Promise<void>((resolve) => (gates.open = resolve));
        if (input.mode === 'mutate') input.items.push('from the task');
        if (input.mode === 'throw') throw new Error('x'.repeat(2 * LIMITS.messageBodyBytes));
        return null;
      },
    },
    machine: setup({
      types: { context: {} as Context, events: {} as MessageOf<typeof contract.messages> },
    }).createMachine({
      context: { items: [], results: 0, failures: 0 },
      initial: 'open',
      states: {
        open: {
          on: {
            put: {
              actions: [
                assign(({ context, event }) => ({ ...context, items: [...context.items, event.item] })),
                ({ context }) => reply(context.items.length),
              ],
            },
            fill: {
              actions: ({ event }) => {
                for (let n = 0; n < event.rows; n++) things.put(`${event.from + n}`, { n });
              },
            },
            fail: {
              actions: () => {
                throw new Error('poison');
              },
            },
            recurse: { actions: () => void deep() },
            find: { actions: ({ event }) => reply(things.get('x'.repeat(event.keyChars)) ?? 'nothing') },
            work: {
              actions: ({ context, event }) =>
                task('work', { mode: event.mode, items: context.items, fill: 'x'.repeat(event.bytes) }),
            },
            'work.done': { actions: assign(({ context }) => ({ ...context, results: context.results + 1 })) },
            'work.failed': {
              actions: assign(({ context }) => ({ ...context, failures: context.failures + 1 })),
            },
            end: 'ended',
          },
        },
        ended: { type: 'final' },
      },
    }),
  });
}
