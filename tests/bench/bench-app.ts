/** The application that the benchmarks run: drivers, receivers, a sink that knows the end, and a probe. */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import {
  createSystem,
  defineActor,
  defineContract,
  deferReply,
  type MessageOf,
  reply,
  type ReplyHandle,
  self,
  tell,
} from '../../nodes/library.ts';
import { nowUs } from './measurement.ts';

export const RECEIVERS = 64;
/** With the fields around it, a message of about 300 bytes. */
export const TEXT = 'a durable message '.repeat(14);

const sinkMessages = { wait: z.object({ from: z.number() }), full: z.object({}) };
const receiverMessages = { work: z.object({ run: z.string(), expected: z.number(), text: z.string() }) };
const driverMessages = {
  drive: z.object({
    run: z.string(),
    turns: z.number(),
    perTurn: z.number(),
    expected: z.number(),
    text: z.string(),
  }),
  spread: z.object({
    run: z.string(),
    from: z.number(),
    until: z.number(),
    perTurn: z.number(),
    text: z.string(),
  }),
};
const probeMessages = { sent: z.object({ atUs: z.number(), text: z.string() }) };

const sinkContract = defineContract({ kind: 'sink', messages: sinkMessages });
const receiverContract = defineContract({ kind: 'receiver', messages: receiverMessages });
const driverContract = defineContract({ kind: 'driver', messages: driverMessages });
const probeContract = defineContract({ kind: 'probe', messages: probeMessages });

/** Counts what it gets, and tells the run's sink when that is all. */
export const receiver = defineActor({
  ...receiverContract,
  queries: { count: ({ context }) => context.count },
  machine: setup({
    types: { context: {} as { count: number }, events: {} as MessageOf<typeof receiverMessages> },
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

/** Tells a few receivers by turns, or each of many once; a bounded number per turn, then itself to go on. */
const driver = defineActor({
  ...driverContract,
  machine: setup({
    types: { events: {} as MessageOf<typeof driverMessages> },
  }).createMachine({
    context: {},
    on: {
      drive: {
        actions: ({ event }) => {
          const { run, turns, perTurn, expected, text } = event;
          for (let n = 0; n < perTurn; n++) {
            tell(receiverContract.at(`${run}-${n % RECEIVERS}`), { type: 'work', run, expected, text });
          }
          if (turns > 1) tell(self(), { ...event, turns: turns - 1 });
        },
      },
      spread: {
        actions: ({ event }) => {
          const { run, from, until, perTurn, text } = event;
          const end = Math.min(until, from + perTurn);
          for (let n = from; n < end; n++) {
            tell(receiverContract.at(`${run}-${n}`), { type: 'work', run, expected: -1, text });
          }
          if (end < until) tell(self(), { ...event, from: end });
        },
      },
    },
  }),
});

/** Answers `wait` when as many receivers as it names are full: their last window has committed then. */
const sink = defineActor({
  ...sinkContract,
  machine: setup({
    types: {
      context: {} as { full: number; from: number; waiting: ReplyHandle | null },
      events: {} as MessageOf<typeof sinkMessages>,
    },
  }).createMachine({
    context: { full: 0, from: 0, waiting: null },
    on: {
      wait: { actions: assign(({ event }) => ({ from: event.from, waiting: deferReply() ?? null })) },
      full: {
        actions: [
          assign({ full: ({ context }) => context.full + 1 }),
          ({ context }) => {
            if (context.waiting !== null && context.full === context.from) {
              reply({ full: context.full }, context.waiting);
            }
          },
        ],
      },
    },
  }),
});

/** Breaks the rule that a turn reads no clock: when a message arrived cannot be seen from outside. */
const latenciesUs: number[] = [];

const probe = defineActor({
  ...probeContract,
  queries: { seen: ({ context }) => context.seen, drain: () => latenciesUs.splice(0) },
  machine: setup({
    types: { context: {} as { seen: number }, events: {} as MessageOf<typeof probeMessages> },
  }).createMachine({
    context: { seen: 0 },
    on: {
      sent: {
        actions: [
          ({ event }) => void latenciesUs.push(nowUs() - event.atUs),
          assign({ seen: ({ context }) => context.seen + 1 }),
        ],
      },
    },
  }),
});

export default createSystem({ actors: [driver, receiver, sink, probe] });
