/** Transfers between a few accounts in different partitions: money is neither made nor lost. */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { defineContract, internal, type MessageOf } from '../../../protocol/contract.ts';
import { defineActor } from '../../../runtime/define-actor.ts';
import { emit, tell } from '../../../runtime/effects.ts';
import { defineTable } from '../../../runtime/table.ts';
import { model, moments, type Workload } from '../workload.ts';

const contract = defineContract({
  kind: 'account',
  messages: {
    deposit: z.object({ id: z.string(), amount: z.number() }),
    transfer: z.object({ id: z.string(), to: z.string(), amount: z.number() }),
    credit: internal(z.object({ id: z.string(), amount: z.number() })),
  },
  events: {
    moved: z.object({ id: z.string(), balance: z.number() }),
    refused: z.object({ id: z.string() }),
  },
});

/** What happened to the balance, by transfer; `times` beyond one is money made or lost. */
const ledger = defineTable<{ amount: number; times: number }>('ledger');
const enter = (id: string, amount: number): void =>
  ledger.put(id, { amount, times: (ledger.get(id)?.times ?? 0) + 1 });

/** Money that waits for an operator could not be told from money that is lost. */
const NEVER = Number.POSITIVE_INFINITY;

const account = defineActor({
  ...contract,
  quarantineAfter: NEVER,
  tables: { ledger },
  queries: { all: ({ context }) => ({ balance: context.balance, ledger: [...ledger.range()] }) },
  machine: setup({
    types: { context: {} as { balance: number }, events: {} as MessageOf<typeof contract.messages> },
    guards: { covered: ({ context }, amount: number) => context.balance >= amount },
  }).createMachine({
    context: { balance: 0 },
    on: {
      deposit: {
        actions: [
          assign({ balance: ({ context, event }) => context.balance + event.amount }),
          ({ event }) => enter(event.id, event.amount),
        ],
      },
      credit: {
        actions: [
          assign({ balance: ({ context, event }) => context.balance + event.amount }),
          ({ event }) => enter(`${event.id}+`, event.amount),
        ],
      },
      transfer: [
        {
          guard: { type: 'covered', params: ({ event }) => event.amount },
          actions: [
            assign({ balance: ({ context, event }) => context.balance - event.amount }),
            ({ context, event }) => {
              enter(event.id, -event.amount);
              tell(contract.at(event.to), { type: 'credit', id: event.id, amount: event.amount });
              emit(contract, 'moved', { id: event.id, balance: context.balance });
            },
          ],
        },
        { actions: ({ event }) => emit(contract, 'refused', { id: event.id }) },
      ],
    },
  }),
});

interface State {
  balance: number;
  readonly ledger: Map<string, { amount: number; times: number }>;
}

export const bank: Workload = {
  name: 'bank',
  actors: [account],
  models: {
    account: model<State>({
      quarantineAfter: NEVER,
      takes: { deposit: 'public', transfer: 'public', credit: 'internal' },
      initial: () => ({ balance: 0, ledger: new Map() }),
      apply(state, message, turn) {
        const { type, id, amount } = message as unknown as { type: string; id: string; amount: number };
        const book = (name: string, by: number): void => {
          state.balance += by;
          state.ledger.set(name, { amount: by, times: (state.ledger.get(name)?.times ?? 0) + 1 });
        };
        if (type === 'deposit') book(id, amount);
        else if (type === 'credit') book(`${id}+`, amount);
        else if (state.balance < amount) turn.emit('refused', { id });
        else {
          book(id, -amount);
          turn.tell(`account/${String(message['to'])}`, { type: 'credit', id, amount } as { type: string });
          turn.emit('moved', { id, balance: state.balance });
        }
        return state;
      },
    }),
  },
  plan(draw, messages) {
    const keys = Array.from({ length: draw.whole(3, 8) }, (_, index) => `a${index}`);
    return moments(draw, messages).map((at, index) => {
      const key = index < keys.length ? (keys[index] as string) : draw.pick(keys);
      const id = `t${index}`;
      return index < keys.length
        ? { at: 0, to: contract.at(key), what: { message: { type: 'deposit', id, amount: 1_000 } } }
        : {
            at,
            to: contract.at(key),
            what: { message: { type: 'transfer', id, to: draw.pick(keys), amount: draw.whole(1, 300) } },
          };
    });
  },
};

/** What each account's answer says it holds. */
export function balanceOf(answer: unknown): number {
  return (answer as { balance: number }).balance;
}
