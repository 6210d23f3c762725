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

test('a context that nothing could store is refused by the first turn, not when the machine is made', () => {
  const machine = new Machine(setup({}).createMachine({ context: { clock: () => 0 } as never }), 1);
  expect(() => machine.encode(machine.initial({ key: 'a' }).snapshot, 0)).toThrow(
    expect.objectContaining({ code: 'message.not_encodable' }),
  );
});
