/** An actor in several releases: what it keeps has another shape from the second one on. */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { defineContract, type MessageOf } from '../protocol/contract.ts';
import { defineActor } from './define-actor.ts';
import { reply } from './effects.ts';
import type { SnapshotMigration } from './machine.ts';
import { createSystem, type System } from './system.ts';
import { defineTable, type RowMigration } from './table.ts';

/** What a release makes of what older ones stored. */
export interface Release {
  readonly version: number;
  readonly migrate?: SnapshotMigration;
  readonly tableVersion: number;
  readonly migrateRow?: RowMigration<unknown>;
}

export const accountContract = defineContract({
  kind: 'account',
  messages: {
    deposit: z.object({ amount: z.number(), note: z.string().default('') }),
    /** Reads a deposit again, in a place that may deal with what it throws. */
    correct: z.object({ place: z.number(), in: z.enum(['action', 'guard', 'try', 'range']) }),
    fail: z.object({}),
  },
  events: {},
});
type Message = MessageOf<typeof accountContract.messages>;

/** In the first release, `{total}` and `{amount}`; later, `{cents}` and `{cents, note}`. */
export interface FirstContext {
  readonly total: number;
  readonly times: number;
}
export interface Context {
  readonly cents: number;
  readonly times: number;
}

const keyOf = (place: number): string => String(place).padStart(6, '0');

/** What cannot be migrated by the release that is broken. */
export const UNLUCKY = 13;

const stateInCents = ({ context }: { context: unknown }) => {
  const { total, times } = context as FirstContext;
  return { value: 'open', context: { cents: total * 100, times } };
};
const rowInCents = ({ amount }: { amount: number }) => ({
  cents: amount * 100,
  note: 'of the first release',
});

export const RELEASES = {
  first: { version: 1, tableVersion: 1 },
  second: { version: 2, migrate: stateInCents, tableVersion: 2, migrateRow: rowInCents },
  broken: {
    version: 2,
    migrate: (snapshot) => {
      if ((snapshot.context as FirstContext).total === UNLUCKY) throw new Error('forgot how it was');
      return stateInCents(snapshot);
    },
    tableVersion: 2,
    migrateRow: (row: { amount: number }) => {
      if (row.amount === UNLUCKY) throw new Error('forgot how it was');
      return rowInCents(row);
    },
  },
  /** What it makes of old state depends on when. */
  impure: {
    version: 2,
    migrate: (snapshot) => {
      const { value, context } = stateInCents(snapshot);
      return { value, context: { ...context, cents: performance.now() } };
    },
    tableVersion: 2,
    migrateRow: (row: { amount: number }) => ({ ...rowInCents(row), note: `migrated at ${Date.now()}` }),
  },
} as const satisfies Readonly<Record<string, Release>>;

/** For threads that load an application by its address: the settings name the release. */
export default function releaseOf(release: keyof typeof RELEASES): System {
  return createAccount(RELEASES[release]);
}

export function createAccount(release: Release): System {
  return release.version === 1 ? createFirst(release) : createSecond(release);
}

function createFirst(release: Release): System {
  const deposits = defineTable<{ amount: number }>('deposits', { version: release.tableVersion });
  const machine = setup({
    types: { context: {} as FirstContext, events: {} as Message },
  }).createMachine({
    context: { total: 0, times: 0 },
    initial: 'counting',
    states: {
      counting: {
        on: {
          deposit: {
            actions: [
              assign(({ context, event }) => ({
                total: context.total + event.amount,
                times: context.times + 1,
              })),
              ({ context, event }) => {
                deposits.put(keyOf(context.times), { amount: event.amount });
                reply(context.total);
              },
            ],
          },
        },
      },
    },
  });
  const account = defineActor({
    ...accountContract,
    version: release.version,
    tables: { deposits },
    queries: {
      state: ({ context, state }) => ({ state, context }),
      deposits: () => [...deposits.range()].map(([, row]) => row),
    },
    machine,
  });
  return createSystem({ actors: [account] });
}

function createSecond({ version, migrate, tableVersion, migrateRow }: Release): System {
  type Row = { cents: number; note: string };
  const deposits = defineTable<Row>('deposits', {
    version: tableVersion,
    ...(migrateRow === undefined ? {} : { migrate: migrateRow as RowMigration<Row> }),
  });
  const correct = (place: number, row = deposits.get(keyOf(place))): void => {
    if (row !== undefined) deposits.put(keyOf(place), { ...row, note: `${row.note}, corrected` });
  };
  const machine = setup({
    types: { context: {} as Context, events: {} as Message },
  }).createMachine({
    context: { cents: 0, times: 0 },
    initial: 'open',
    states: {
      open: {
        on: {
          deposit: {
            actions: [
              assign(({ context, event }) => ({
                cents: context.cents + event.amount * 100,
                times: context.times + 1,
              })),
              ({ context, event: { amount, note } }) => {
                deposits.put(keyOf(context.times), { cents: amount * 100, note });
                reply(context.cents);
              },
            ],
          },
          correct: {
            guard: ({ event }) => event.in !== 'guard' || deposits.get(keyOf(event.place)) !== undefined,
            actions: ({ event: { place, in: where } }) => {
              if (where === 'range')
                for (const [key, row] of deposits.range({ lte: keyOf(place) })) correct(Number(key), row);
              else if (where !== 'try') correct(place);
              else
                try {
                  correct(place);
                } catch {
                  deposits.delete(keyOf(place));
                }
            },
          },
          fail: {
            actions: () => {
              throw new Error('poison');
            },
          },
        },
      },
    },
  });
  const account = defineActor({
    ...accountContract,
    version,
    ...(migrate === undefined ? {} : { migrate }),
    tables: { deposits },
    queries: {
      state: ({ context, state }) => ({ state, context }),
      deposits: () => [...deposits.range()].map(([, row]) => row),
      swallow: () => {
        try {
          return [...deposits.range()].length;
        } catch {
          return 0;
        }
      },
    },
    machine,
  });
  return createSystem({ actors: [account] });
}
