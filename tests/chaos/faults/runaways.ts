/** Actors with messages that no shard survives: each must become a dead letter, by a verdict, and cost nothing else. */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { defineContract, type MessageOf } from '../../../protocol/contract.ts';
import { defineActor } from '../../../runtime/define-actor.ts';
import { model, moments, Poison, type Workload } from '../../simulation/workload.ts';

const contract = defineContract({
  kind: 'runaway',
  messages: {
    note: z.object({ item: z.string() }),
    /** Exhausts the stack. */
    recurse: z.object({ item: z.string() }),
    /** Exhausts the heap. */
    hoard: z.object({ item: z.string() }),
    /** Never ends. */
    spin: z.object({ item: z.string() }),
  },
});

export const RUNAWAY_TYPES = ['recurse', 'hoard', 'spin'] as const;

const KEYS = 4;

const deeper = (depth: number): number => deeper(depth + 1) + 1;

const runaway = defineActor({
  ...contract,
  queries: { all: ({ context }) => context.items },
  machine: setup({
    types: { context: {} as { items: string[] }, events: {} as MessageOf<typeof contract.messages> },
  }).createMachine({
    context: { items: [] },
    on: {
      note: { actions: assign({ items: ({ context, event }) => [...context.items, event.item] }) },
      recurse: { actions: () => void deeper(0) },
      hoard: {
        actions: () => {
          const held: number[][] = [];
          for (;;) held.push(Array.from({ length: 100_000 }, (_, index) => index + held.length));
        },
      },
      spin: {
        actions: ({ event }) => {
          let rounds = 0;
          while (event.item !== '') rounds = (rounds + 1) % 1_000;
        },
      },
    },
  }),
});

export const runaways: Workload = {
  name: 'runaways',
  actors: [runaway],
  models: {
    runaway: model<string[]>({
      takes: { note: 'public', recurse: 'public', hoard: 'public', spin: 'public' },
      initial: () => [],
      apply(state, message) {
        if (message.type !== 'note') throw new Poison(message.type);
        return [...state, message['item'] as string];
      },
    }),
  },
  /** Only what does no harm: the rest comes as faults. */
  plan: (draw, messages) =>
    moments(draw, Math.ceil(messages / 4)).map((at, index) => ({
      at,
      to: runawayAt(draw.whole(0, KEYS - 1)),
      what: { message: { type: 'note', item: `n${index}` } },
    })),
};

export const runawayAt = (number: number) => contract.at(`r${number % KEYS}`);
