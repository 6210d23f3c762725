/** An index holds what its table's rows say: at every moment, after every loss, whoever declares it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { LIMITS } from '../config/limits.ts';
import { decode } from '../protocol/codec.ts';
import { TurnRows } from './actor-rows.ts';
import { buildIndexes } from './build-indexes.ts';
import { defineActor } from './define-actor.ts';
import { buckets, isCheckpointed } from './keys.ts';
import { Overlay } from './overlay.ts';
import { MemoryStore } from './store-memory.ts';
import { createSystem, type System } from './system.ts';
import { defineTable } from './table.ts';
import { defineIndex, type Entries } from './table-index.ts';

interface Row {
  readonly group: string;
  readonly rank: number;
}

const ACTOR = 'shelf/a';
const byRank: Entries<Row, unknown> = ({ group, rank }, key) => [[`${group}|${rank}|${key}`, rank]];
const byKey: Entries<Row, unknown> = ({ group }, key) => [[`${key}|${group}`, true]];
const onlyEven: Entries<Row, unknown> = ({ rank }, key) => (rank % 2 === 0 ? [[key, { rank }]] : []);

function shelf(indexes: Readonly<Record<string, Entries<Row, unknown>>>, version = 1): System {
  const rows = defineTable<Row>('rows', { version });
  for (const [name, entries] of Object.entries(indexes)) defineIndex(rows, name, { entries });
  const machine = createMachine({});
  return createSystem({ actors: [defineActor({ kind: 'shelf', messages: {}, tables: { rows }, machine })] });
}

function opened(system: System, store = new MemoryStore()) {
  const overlay = new Overlay(store);
  const { tables } = system.kinds.get('shelf')?.definition ?? {};
  return { store, overlay, rows: new TurnRows(overlay, 0, ACTOR, tables) };
}

const held = (store: MemoryStore, index: string) =>
  [...store.range(buckets.rows(0, ACTOR, `rows#${index}`), {})].map(([key, value]) => [key, decode(value)]);

const rebuilt = async (store: MemoryStore, system: System): Promise<MemoryStore> => {
  const bare = new MemoryStore();
  const bucket = buckets.rows(0, ACTOR, 'rows');
  bare.commit([...store.range(bucket, {})].map(([name, value]) => [bucket + name, value] as const));
  await buildIndexes(bare, 0, system, async () => {});
  return bare;
};

describe('an index', () => {
  test('holds what the rows say, through puts, deletions and turns that were undone, and so does one built anew', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    const row = fc.record({ group: fc.constantFrom('x', 'y'), rank: fc.nat(3) });
    const step = fc.oneof(
      fc.record({ do: fc.constant('put' as const), key, row }),
      fc.record({ do: fc.constantFrom('delete' as const, 'commit' as const, 'undo' as const), key }),
    );
    const system = shelf({ byRank, onlyEven });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { store, overlay, rows } = opened(system);
        overlay.mark();
        for (const one of steps) {
          if (one.do === 'put') rows.put('rows', one.key, one.row, 1);
          else if (one.do === 'delete') rows.delete('rows', one.key);
          else if (one.do === 'undo') overlay.rollback();
          else overlay.mark();
        }
        overlay.flush();
        const stored = [...store.range(buckets.rows(0, ACTOR, 'rows'), {})];
        const expected = (entries: Entries<Row, unknown>) =>
          stored
            .flatMap(([name, value]) => [...entries(decode(value) as Row, name)].map((one) => [...one]))
            .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1));
        const anew = await rebuilt(store, system);
        for (const [name, entries] of Object.entries({ byRank, onlyEven })) {
          expect(held(store, name)).toEqual(expected(entries));
          expect(held(anew, name)).toEqual(expected(entries));
        }
      }),
    );
  });

  test('is built anew when a release declares it otherwise, and only then', async () => {
    const first = shelf({ order: byRank });
    const { store, overlay, rows } = opened(first);
    rows.put('rows', 'a', { group: 'x', rank: 2 }, 1);
    overlay.flush();
    await buildIndexes(store, 0, first, async () => {});
    const builds = async (system: System): Promise<number> => {
      let pauses = 0;
      await buildIndexes(store, 0, system, async () => pauses++);
      return pauses;
    };
    expect(await builds(shelf({ order: byRank }))).toBe(0);
    expect(await builds(shelf({ order: byKey, even: onlyEven }))).toBeGreaterThan(0);
    expect(held(store, 'order')).toEqual([['a|x', true]]);
    expect(held(store, 'even')).toEqual([['a', { rank: 2 }]]);
    expect(await builds(shelf({ order: byKey }))).toBeGreaterThan(0);
    expect(held(store, 'even')).toEqual([]);
  });

  test('leaves out rows that this release cannot read, and is built again by the next one', async () => {
    const { store, overlay, rows } = opened(shelf({ order: byRank }, 2));
    rows.put('rows', 'a', { group: 'x', rank: 1 }, 2);
    overlay.flush();
    const older = shelf({ order: byRank });
    await buildIndexes(store, 0, older, async () => {});
    expect(held(store, 'order')).toEqual([]);
    let pauses = 0;
    await buildIndexes(store, 0, older, async () => pauses++);
    expect(pauses).toBeGreaterThan(0);
    // Such a row can still be written over.
    const { rows: again, overlay: next } = opened(older, store);
    again.put('rows', 'a', { group: 'y', rank: 3 }, 1);
    next.flush();
    expect(held(store, 'order')).toEqual([['y|3|a', 3]]);
  });

  test('is no part of a checkpoint, and does not count towards the rows of a turn', () => {
    expect(isCheckpointed(buckets.rows(0, ACTOR, 'rows#order'))).toBe(false);
    const { overlay, rows } = opened(shelf({ byRank, byKey }));
    overlay.mark();
    for (let n = 0; n < LIMITS.turnRowChanges; n++) rows.put('rows', `r${n}`, { group: 'x', rank: n }, 1);
    expect(() => rows.put('rows', 'one more', { group: 'x', rank: 0 }, 1)).toThrow('turn');
  });

  test('refuses entries that no key can be, names that no table has, and a second one of its name', () => {
    const { rows } = opened(shelf({ broken: () => [['', true]] }));
    expect(() => rows.put('rows', 'a', { group: 'x', rank: 1 }, 1)).toThrow("'rows#broken'");
    const table = defineTable<Row>('rows');
    defineIndex(table, 'order', { entries: byRank });
    const invalid = expect.objectContaining({ code: 'definition.invalid' });
    expect(() => defineIndex(table, 'order', { entries: byKey })).toThrow(invalid);
    expect(() => defineIndex(table, 'a#b', { entries: byKey })).toThrow(invalid);
    expect(() => defineTable('rows#order')).toThrow(invalid);
  });

  test('belongs to the version of what a turn computes', () => {
    expect(shelf({ order: byRank }).turnVersion).not.toBe(shelf({ order: byKey }).turnVersion);
  });
});
