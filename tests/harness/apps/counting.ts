/** An actor that counts, and that can be told to do whatever an actor should not do. */
import { existsSync, writeFileSync } from 'node:fs';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import {
  createSystem,
  defineActor,
  defineContract,
  defineTable,
  emit,
  internal,
  messageId,
  type MessageOf,
  now,
  reply,
  schedule,
  sender,
  supervisor,
  type System,
  task,
  tell,
} from '../../../nodes/library.ts';

export const counterContract = defineContract({
  kind: 'counter',
  messages: {
    add: z.object({ amount: z.number(), note: z.string().max(200_000).optional() }),
    fail: z.object({ amount: z.number().default(1) }),
    recurse: z.object({}),
    loop: z.object({}),
    clock: z.object({}),
    exhaust: z.object({}),
    /** `mark` names a file that does not exist yet. */
    block: z.object({ mark: z.string() }),
    'block.done': internal(z.object({ input: z.unknown(), output: z.unknown() })),
    'block.failed': internal(z.object({ input: z.unknown(), error: z.unknown() })),
    later: z.object({ name: z.string(), delayMs: z.number(), amount: z.number() }),
    spread: z.object({ keys: z.array(z.string()), amount: z.number() }),
    end: z.object({}),
  },
  events: { added: z.object({ total: z.number() }) },
});

/** What a counter remembers of each message that it counted. */
interface Counted {
  readonly amount: number;
  readonly note: string;
  readonly at: number;
  readonly messageId: string;
  readonly sender: string;
}

const counted = defineTable<Counted>('counted');
interface Counting {
  readonly total: number;
  readonly times: number;
}

type Message = MessageOf<typeof counterContract.messages>;
type Add = Extract<Message, { type: 'add' }>;

const recurse = (): number => 1 + recurse();

/** `fixed` is the release in which `fail` does what it should. */
export function createCounting({ fixed }: { readonly fixed: boolean }): System {
  const count = ({ context }: { context: Counting }, amount: number, note: string): void => {
    const row = { amount, note, at: now(), messageId: messageId(), sender: sender() ?? '' };
    counted.put(String(context.times).padStart(6, '0'), row);
    emit(counterContract, 'added', { total: context.total });
    reply({ total: context.total });
  };
  const machine = setup({
    types: { context: {} as Counting, events: {} as Message },
    actions: {
      sum: assign(({ context, event }) => ({
        total: context.total + (event as Add).amount,
        times: context.times + 1,
      })),
      count: (args) => count(args, (args.event as Add).amount, (args.event as Add).note ?? ''),
      fail: () => {
        throw new Error('the message is poison');
      },
      recurse: () => {
        recurse();
      },
      /** What a turn must not do. */
      readClock: assign({ total: () => Date.now() }),
      loop: () => {
        for (;;);
      },
      exhaust: () => {
        const kept: unknown[] = [];
        for (;;) kept.push(Array<number>(100_000).fill(0.5));
      },
    },
  }).createMachine({
    context: { total: 0, times: 0 },
    initial: 'counting',
    states: {
      counting: {
        on: {
          add: { actions: ['sum', 'count'] },
          fail: { actions: fixed ? ['sum', 'count'] : ['fail'] },
          recurse: { actions: 'recurse' },
          loop: { actions: 'loop' },
          block: { actions: ({ event: { mark } }) => task('block', { mark }) },
          'block.done': { actions: assign({ times: ({ context }) => context.times + 1 }) },
          clock: { actions: 'readClock' },
          exhaust: { actions: 'exhaust' },
          later: {
            actions: ({ event: { name, delayMs, amount } }) =>
              schedule(name, delayMs, { type: 'add', amount, note: name }),
          },
          spread: {
            actions: ({ event: { keys, amount } }) => {
              for (const key of keys) tell(counterContract.at(key), { type: 'add', amount, note: 'spread' });
            },
          },
          end: 'ended',
        },
      },
      ended: { type: 'final' },
    },
  });
  const counter = defineActor({
    ...counterContract,
    tables: { counted },
    tasks: {
      /** Keeps the thread for itself, once: its next attempt finds the mark of the first. */
      block: async ({ mark }: { readonly mark: string }) => {
        if (existsSync(mark)) return;
        writeFileSync(mark, '');
        for (;;);
      },
    },
    queries: {
      total: ({ context }) => ({ ...context }),
      counted: () => [...counted.range({})].map(([, row]) => row),
      /** Never answers. */
      spin: () => {
        for (;;);
      },
    },
    machine,
  });
  return createSystem({ actors: [counter], tree: supervisor('counters', { children: [counter] }) });
}
