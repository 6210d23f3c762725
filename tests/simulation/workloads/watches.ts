/** Actors that watch each other while they end, fail, are killed and deleted: each watch is told of once, or not at all. */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import type { Address } from '../../../protocol/address.ts';
import { defineContract, type MessageOf } from '../../../protocol/contract.ts';
import { down, type DownReason } from '../../../protocol/down.ts';
import { defineActor } from '../../../runtime/define-actor.ts';
import { unwatch, watch } from '../../../runtime/effects.ts';
import { model, moments, Poison, type Workload } from '../workload.ts';

const address = z.custom<Address>((value) => typeof value === 'string');

const contract = defineContract({
  kind: 'guard',
  messages: {
    look: z.object({ at: address }),
    ignore: z.object({ at: address }),
    rest: z.object({}),
    fail: z.object({}),
    end: z.object({}),
    down,
  },
});

const QUARANTINE_AFTER = 1;
/** Whoever is told of one of these looks again: somebody is there. */
const lookAgain = ({ kind }: DownReason): boolean => kind === 'killed' || kind === 'shutdown';

const guard = defineActor({
  ...contract,
  quarantineAfter: QUARANTINE_AFTER,
  queries: { all: ({ context }) => context.log },
  machine: setup({
    types: { context: {} as { log: string[] }, events: {} as MessageOf<typeof contract.messages> },
  }).createMachine({
    context: { log: [] },
    initial: 'awake',
    states: {
      awake: {
        on: {
          look: { actions: ({ event }) => watch(event.at) },
          ignore: { actions: ({ event }) => unwatch(event.at) },
          rest: {},
          fail: {
            actions: () => {
              throw new Error('poison');
            },
          },
          end: 'gone',
          down: {
            actions: [
              assign({
                log: ({ context, event }) => [...context.log, `${event.address} ${event.reason.kind}`],
              }),
              ({ event }) => {
                if (lookAgain(event.reason)) watch(event.address);
              },
            ],
          },
        },
      },
      gone: { type: 'final' },
    },
  }),
});

export const watches: Workload = {
  name: 'watches',
  actors: [guard],
  models: {
    guard: model<string[]>({
      takes: {
        look: 'public',
        ignore: 'public',
        rest: 'public',
        fail: 'public',
        end: 'public',
        down: 'internal',
      },
      quarantineAfter: QUARANTINE_AFTER,
      initial: () => [],
      apply(state, message, turn) {
        if (message.type === 'fail') throw new Poison('fail');
        if (message.type === 'look') turn.watch(message['at'] as string);
        if (message.type === 'ignore') turn.unwatch(message['at'] as string);
        if (message.type === 'end') turn.end();
        if (message.type === 'down') {
          const reason = message['reason'] as DownReason;
          state.push(`${message['address'] as string} ${reason.kind}`);
          if (lookAgain(reason)) turn.watch(message['address'] as string);
        }
        return state;
      },
    }),
  },
  plan(draw, messages) {
    const keys = Array.from({ length: draw.whole(2, 12) }, (_, index) => `g${index}`);
    return moments(draw, messages).map((at) => {
      const to = contract.at(draw.pick(keys));
      const target = draw.chance(0.05) ? ('nobody/home' as const) : contract.at(draw.pick(keys));
      const dice = draw.next();
      if (dice < 0.03) return { at, to, what: { order: 'pause' as const } };
      if (dice < 0.12) return { at, to, what: { order: 'resume' as const } };
      if (dice < 0.18) return { at, to, what: { order: 'kill' as const } };
      if (dice < 0.24) return { at, to, what: { order: 'delete' as const } };
      if (dice < 0.27) return { at, to, what: { message: { type: 'end' } } };
      if (dice < 0.37) return { at, to, what: { message: { type: 'fail' } } };
      if (dice < 0.45) return { at, to, what: { message: { type: 'rest' } } };
      if (dice < 0.55) return { at, to, what: { message: { type: 'ignore', at: target } } };
      return { at, to, what: { message: { type: 'look', at: target } } };
    });
  },
};
