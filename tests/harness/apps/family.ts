/** Actors whose supervisor restarts those after the one that fails, and allows two failures a minute. */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { createSystem, defineActor, defineContract, reply, supervisor } from '../../../nodes/library.ts';

function member(kind: string) {
  const contract = defineContract({ kind, messages: { add: z.object({}) } });
  return defineActor({
    ...contract,
    queries: { total: ({ context }) => context.total },
    machine: setup({ types: { context: {} as { total: number } } }).createMachine({
      context: { total: 0 },
      on: {
        add: {
          actions: [
            assign({ total: ({ context }) => context.total + 1 }),
            ({ context }) => reply(context.total),
          ],
        },
      },
    }),
  });
}

const [elder, middle, young, stranger] = ['elder', 'middle', 'young', 'stranger'].map(member) as [
  ReturnType<typeof member>,
  ReturnType<typeof member>,
  ReturnType<typeof member>,
  ReturnType<typeof member>,
];

export default createSystem({
  actors: [elder, middle, young, stranger],
  tree: supervisor('town', {
    children: [
      stranger,
      supervisor('family', {
        strategy: 'rest_for_one',
        intensity: { max: 2, windowMs: 60_000 },
        children: ['elder/main', 'middle/main', young],
      }),
    ],
  }),
});
