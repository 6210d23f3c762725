/** The application that the benchmarks run: drivers, receivers, a sink that knows the end, and a probe. */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import {
  createSystem,
  defineActor,
  defineContract,
  deferReply,
  reply,
  type ReplyHandle,
  tell,
} from '../../nodes/library.ts';
import { nowUs } from './measurement.ts';

export const RECEIVERS = 64;
/** With the fields around it, a message of about 300 bytes. */
export const TEXT = 'a durable message '.repeat(15);

export const work = { type: 'work', run: 'r', expected: 1_000_000, text: TEXT } as const;

const sinkContract = defineContract({
  kind: 'sink',
  messages: { wait: z.object({ from: z.number() }), full: z.object({}) },
});

const receiverContract = defineContract({
  kind: 'receiver',
  messages: { work: z.object({ run: z.string(), expected: z.number(), text: z.string() }) },
});

const driverContract = defineContract({
  kind: 'driver',
  messages: {
    drive: z.object({ run: z.string(), turns: z.number(), perTurn: z.number(), expected: z.number(), text: z.string() }),
  },
});

const probeContract = defineContract({
  kind: 'probe',
  messages: { sent: z.object({ atUs: z.number(), text: z.string() }) },
});

export const receiver = defineActor({
  ...receiverContract,
  queries: { count: ({ context }) => context.count },
  machine: setup({
    types: { context: {} as { count: number }, events: {} as { type: 'work'; run: string; expected: number; text: string } },
  }).createMachine({
    context: { count: 0 },
    initial: 'counting',
    states: {
      counting: {
        on: {
          work: {
            actions: [
              assign({ count: ({ context }) => context.count + 1 }),
              ({ context, event }) => {
                if (context.count === event.expected) tell(sinkContract.at(event.run), { type: 'full' });
              },
            ],
          },
        },
      },
    },
  }),
});

/** Tells all receivers by turns, a bounded number per turn, then itself to go on. */
const driver = defineActor({
  ...driverContract,
  machine: setup({
    types: {
      context: {} as object,
      events: {} as { type: 'drive'; run: string; turns: number; perTurn: number; expected: number; text: string },
    },
  }).createMachine({
    context: {},
    initial: 'driving',
    states: {
      driving: {
        on: {
          drive: {
            actions: ({ event: { run, turns, perTurn, expected, text } }) => {
              for (let n = 0; n < perTurn; n++) {
                tell(receiverContract.at(`${run}-${n % RECEIVERS}`), { type: 'work', run, expected, text });
              }
              if (turns > 1) schedule_PLACE type: 'drive', run, turns: turns - 1, perTurn, expected, text });
            },
          },
        },
      },
    },
  }),
});

const sink = defineActor({
  ...sinkContract,
  machine: setup({
    types: {
      context: {} as { full: number; from: number; waiting: ReplyHandle | null },
      events: {} as { type: 'wait'; from: number } | { type: 'full' },
    },
  }).createMachine({
    context: { full: 0, from: 0, waiting: null },
    initial: 'open',
    states: {
      open: {
        on: {
          wait: {
            actions: assign(({ event }) => ({ from: event.from, waiting: deferReply() ?? null })),
          },
          full: {
            actions: [
              assign({ full: ({ context }) => context.full + 1 }),
              ({ context }) => {
                if (context.waiting !== null && context.full >= context.from) reply({ full: context.full }, context.waiting);
              },
            ],
          },
        },
      },
    },
  }),
});

/** Breaks the rule that a turn reads no clock: how long a message took cannot be seen from outside. */
const latenciesUs: number[] = [];
const probe = defineActor({
  ...probeContract,
  queries: {
    value: ({ context }) => context.seen,
    drain: () => latenciesUs.splice(0),
  },
  machine: setup({
    types: { context: {} as { seen: number }, events: {} as { type: 'sent'; atUs: number; text: string } },
  }).createMachine({
    context: { seen: 0 },
    initial: 'open',
    states: {
      open: {
        on: {
          sent: {
            actions: [
              ({ event }) => {
                latenciesUs.push(nowUs() - event.atUs);
              },
              assign({ seen: ({ context }) => context.seen + 1 }),
            ],
          },
        },
      },
    },
  }),
});

export default createSystem({ actors: [driver, receiver, sink, probe] });
