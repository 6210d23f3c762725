/** Actors that watch each other, and remember what they were told. */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import {
  type Address,
  createSystem,
  defineActor,
  defineContract,
  down,
  type MessageOf,
  unwatch,
  watch,
} from '../../../nodes/library.ts';

const address = z.custom<Address>((value) => typeof value === 'string');

const contract = defineContract({
  kind: 'guard',
  messages: {
    look: z.object({ at: address }),
    ignore: z.object({ at: address }),
    fail: z.object({}),
    end: z.object({}),
    down,
  },
});

const guard = defineActor({
  ...contract,
  quarantineAfter: 1,
  queries: { told: ({ context }) => context.told },
  machine: setup({
    types: { context: {} as { told: string[] }, events: {} as MessageOf<typeof contract.messages> },
  }).createMachine({
    context: { told: [] },
    initial: 'awake',
    states: {
      awake: {
        on: {
          look: { actions: ({ event }) => watch(event.at) },
          ignore: { actions: ({ event }) => unwatch(event.at) },
          fail: {
            actions: () => {
              throw new Error('the message is poison');
            },
          },
          down: {
            actions: assign({
              told: ({ context, event }) => [...context.told, `${event.address} ${event.reason.kind}`],
            }),
          },
          end: 'ended',
        },
      },
      ended: { type: 'final' },
    },
  }),
});

export default createSystem({ actors: [guard] });
