/** Actors that are paused, resumed, deleted, that end, and messages that throw: each has exactly the fate it earned. */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { defineContract, type MessageOf } from '../../../protocol/contract.ts';
import { defineActor } from '../../../runtime/define-actor.ts';
import { emit } from '../../../runtime/effects.ts';
import { defineTable } from '../../../runtime/table.ts';
import { Misfit, model, moments, Poison, type Workload } from '../workload.ts';

const contract = defineContract({
  kind: 'patient',
  messages: {
    note: z.object({ item: z.string() }),
    fail: z.object({ item: z.string() }),
    end: z.object({}),
  },
  events: { noted: z.object({ item: z.string() }) },
});

const notes = defineTable<string>('notes');

const QUARANTINE_AFTER = 1;

const patient = defineActor({
  ...contract,
  quarantineAfter: QUARANTINE_AFTER,
  tables: { notes },
  queries: {
    all: ({ context }) => ({ items: context.items, notes: [...notes.range()].map(([key]) => key) }),
  },
  machine: setup({
    types: { context: {} as { items: string[] }, events: {} as MessageOf<typeof contract.messages> },
  }).createMachine({
    context: { items: [] },
    initial: 'well',
    states: {
      well: {
        on: {
          note: {
            actions: [
              assign({ items: ({ context, event }) => [...context.items, event.item] }),
              ({ event }) => {
                notes.put(event.item, event.item);
                emit(contract, 'noted', { item: event.item });
              },
            ],
          },
          fail: {
            actions: ({ context, event }) => {
              // In place, as nobody should: it must be gone with the turn all the same.
              context.items.push(`half ${event.item}`);
              notes.put(`half ${event.item}`, '');
              emit(contract, 'noted', { item: 'never' });
              throw new Error(`poison ${event.item}`);
            },
          },
          end: 'gone',
        },
      },
      gone: { type: 'final' },
    },
  }),
});

interface State {
  readonly items: string[];
  readonly notes: string[];
}

export const standing: Workload = {
  name: 'standing',
  actors: [patient],
  models: {
    patient: model<State>({
      takes: { note: 'public', fail: 'public', end: 'public' },
      quarantineAfter: QUARANTINE_AFTER,
      initial: () => ({ items: [], notes: [] }),
      apply(state, message, turn) {
        if (message.type === 'fail') throw new Poison('fail');
        if (message.type === 'end') {
          turn.end();
          return state;
        }
        const { item } = message;
        if (typeof item !== 'string') throw new Misfit('note');
        state.items.push(item);
        if (!state.notes.includes(item)) state.notes.push(item);
        state.notes.sort();
        turn.emit('noted', { item });
        return state;
      },
    }),
  },
  plan(draw, messages) {
    const keys = Array.from({ length: draw.whole(2, 6) }, (_, index) => `p${index}`);
    return moments(draw, messages).map((at, index) => {
      const to = contract.at(draw.pick(keys));
      const item = `n${String(index).padStart(4, '0')}`;
      const dice = draw.next();
      if (dice < 0.06) return { at, to, what: { order: 'pause' as const } };
      if (dice < 0.16) return { at, to, what: { order: 'resume' as const } };
      if (dice < 0.18) return { at, to, what: { order: 'delete' as const } };
      if (dice < 0.19) return { at, to, what: { bytes: Uint8Array.of(0xc1, index & 0xff) } };
      if (dice < 0.2) return { at, to, what: { message: { type: 'nothing' } } };
      if (dice < 0.21) return { at, to, what: { message: { type: 'note', item: index } } };
      if (dice < 0.22) return { at, to, what: { message: { type: 'end' } } };
      if (dice < 0.3) return { at, to, what: { message: { type: 'fail', item } } };
      return { at, to, what: { message: { type: 'note', item } } };
    });
  },
};
