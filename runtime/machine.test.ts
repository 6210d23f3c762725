import { assign, setup } from 'xstate';
import { expect, test } from 'vitest';
import { Machine } from './machine.ts';

type Context = { items: string[]; total: number };

const declared = setup({ types: { context: {} as Context } }).createMachine({
  context: { items: [], total: 1 },
  entry: assign({ total: ({ context }) => context.total + 1 }),
});

test('every actor begins with a context of its own, whatever others have done to theirs in place', () => {
  const machine = new Machine(declared, 1);
  const first = machine.initial({ key: 'a' }).snapshot.context as Context;
  expect(first).toEqual({ items: [], total: 2 });
  first.items.push('in place');
  expect(machine.initial({ key: 'b' }).snapshot.context).toEqual({ items: [], total: 2 });
  expect(declared.config.context).toEqual({ items: [], total: 1 });
});

test('a context that nobody can copy is used as it is: the determinism check tells what does not survive', () => {
  const clock = (): number => 0;
  const machine = new Machine(setup({}).createMachine({ context: { clock } as never }), 1);
  expect(machine.initial({ key: 'a' }).snapshot.context).toEqual({ clock });
});
