// counter.ts — start it with: npm start -- --app counter.ts
import { createSystem, defineActor, defineContract, emit, type MessageOf, reply, supervisor } from 'banyan';
import { assign, setup } from 'xstate';
import { z } from 'zod';

const contract = defineContract({
  kind: 'counter',
  messages: { add: z.object({ amount: z.number() }) },
  events: { added: z.object({ total: z.number() }) },
});

const counter = defineActor({
  ...contract,
  version: 1,
  queries: { total: ({ context }) => context.total },
  machine: setup({
    types: { context: {} as { total: number }, events: {} as MessageOf<typeof contract.messages> },
  }).createMachine({
    context: { total: 0 },
    on: {
      add: {
        actions: [
          assign({ total: ({ context, event }) => context.total + event.amount }),
          ({ context }) => {
            emit(contract, 'added', { total: context.total });
            reply({ total: context.total });
          },
        ],
      },
    },
  }),
});

export default createSystem({ actors: [counter], tree: supervisor('counters', { children: [counter] }) });
