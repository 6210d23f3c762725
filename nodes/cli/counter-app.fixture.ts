/** A small application for tests of the client and the command line. */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import {
  createSystem,
  defineActor,
  defineContract,
  emit,
  internal,
  type MessageOf,
  reply,
  supervisor,
} from '../library.ts';

export const counterContract = defineContract({
  kind: 'counter',
  messages: {
    add: z.object({ amount: z.number().int().default(1) }),
    fail: z.object({}),
    reset: internal(z.object({})),
  },
  events: { 'amount-added': z.object({ amount: z.number(), total: z.number() }) },
});

type Message = MessageOf<typeof counterContract.messages>;

const machine = setup({ types: { context: {} as { total: number }, events: {} as Message } }).createMachine({
  context: { total: 0 },
  initial: 'counting',
  states: {
    counting: {
      on: {
        add: {
          actions: [
            assign(({ context, event }) => ({ total: context.total + event.amount })),
            ({ context, event: { amount } }) => {
              reply({ total: context.total });
              emit(counterContract, 'amount-added', { amount, total: context.total });
            },
          ],
        },
        fail: {
          actions: () => {
            throw new Error('the counter was told to fail');
          },
        },
      },
    },
  },
});

const counter = defineActor({
  ...counterContract,
  machine,
  queries: {
    total: ({ context }) => context.total,
    plus: {
      input: z.object({ amount: z.number() }),
      select: ({ context, input }: { context: { total: number }; input: { amount: number } }) =>
        context.total + input.amount,
    },
  },
});

export default createSystem({ actors: [counter], tree: supervisor('app', { children: [counter] }) });
