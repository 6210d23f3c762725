import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../config/limits.ts';
import { BATCH_RECORDS, type StateRecord } from './checkpoint-log.ts';
import { encodeRows, RowReader } from './checkpoint-rows.ts';
import { buckets } from './keys.ts';
import { noteSlots, StateSlots } from './state-slots.ts';
import type { Change } from './store.ts';
import { MemoryStore } from './store-memory.ts';

const PARTITION = 3;
const PIECE = LIMITS.statePieceBytes;

/** What a stream keeps: the last record of each slot, in the order they were stored. */
class Stream {
  readonly #slots = new Map<number, StateRecord>();

  write(records: readonly StateRecord[]): void {
    expect(records.length).toBeLessThanOrEqual(BATCH_RECORDS);
    expect(new Set(records.map(({ slot }) => slot)).size).toBe(records.length);
    for (const record of records) {
      this.#slots.delete(record.slot);
      this.#slots.set(record.slot, record);
    }
  }

  get size(): number {
    return this.#slots.size;
  }

  /** What somebody makes of it who reads it from its beginning. */
  load(): { rows: Map<string, Uint8Array>; reader: RowReader } {
    const rows = new Map<string, Uint8Array>();
    const reader = new RowReader();
    for (const record of this.#slots.values()) applyTo(rows, reader.read(record));
    return { rows, reader };
  }
}

/** Long values, in short. */
const inShort = (rows: ReadonlyMap<string, Uint8Array>): string[] =>
  [...rows].map(([name, value]) => `${name} ${value.byteLength} ${crc32(value)}`).sort();

function applyTo(rows: Map<string, Uint8Array>, changes: readonly Change[]): void {
  for (const [key, value] of changes) {
    if (value === undefined) rows.delete(key);
    else rows.set(key, value);
  }
}

/** The side that writes checkpoints, as a checkpointer does. */
class Writer {
  readonly stream = new Stream();
  readonly rows = new Map<string, Uint8Array>();
  unsaved = new Set<string>();
  #slots = new StateSlots(new MemoryStore(), PARTITION);
  #bundles = 0;
  #step = 0;

  change(changes: readonly Change[]): void {
    applyTo(this.rows, changes);
    for (const [key] of changes) this.unsaved.add(key);
  }

  /** `crash`: the process dies right before, or right after, the batch is stored; its notes survive. */
  checkpoint(crash?: 'before' | 'after'): void {
    const taken = [...this.unsaved].map((key): Change => [key, this.rows.get(key)]);
    const encoded = encodeRows(taken, `1.${++this.#step}`, this.#bundles, this.#slots);
    this.#slots.keep();
    if (crash === 'before') return;
    this.stream.write(encoded.records);
    this.#bundles = encoded.bundles;
    if (crash === 'after') return;
    this.#slots.free(encoded.freed);
    this.unsaved = new Set(encoded.bundled);
  }

  /** Another owner takes over: all it knows is the stream. */
  takeOver(): void {
    const { rows, reader } = this.stream.load();
    expect(inShort(rows)).toEqual(inShort(this.rows));
    const store = new MemoryStore();
    noteSlots(store, PARTITION, reader.slots, reader.next);
    this.#slots = new StateSlots(store, PARTITION);
    this.unsaved = new Set(reader.bundled);
  }
}

const key = (name: number): string => `${buckets.actors(PARTITION)}counter/${name}`;
const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

describe('rows in the stream', () => {
  test('are what was written, whatever changes, crashes and owners come between, in no more slots than needed', () => {
    const change = fc.record({
      name: fc.nat(30),
      length: fc.option(
        fc.oneof({ weight: 20, arbitrary: fc.nat(50) }, fc.constantFrom(PIECE, PIECE + 1, 3 * PIECE)),
        {
          nil: undefined,
        },
      ),
      fill: fc.nat(255),
    });
    const step = fc.record({
      changes: fc.array(change, { maxLength: 20 }),
      next: fc.constantFrom('go on', 'go on', 'before', 'after', 'take over'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const writer = new Writer();
        let most = 0;
        for (const { changes, next } of steps) {
          writer.change(
            changes.map(({ name, length, fill }) => [
              key(name),
              length === undefined ? undefined : bytes(length, fill),
            ]),
          );
          if (next === 'before' || next === 'after') writer.checkpoint(next);
          writer.checkpoint();
          if (next === 'take over') writer.takeOver();
          expect(inShort(writer.stream.load().rows)).toEqual(inShort(writer.rows));
          const slots = [...writer.rows.values()].map((value) =>
            Math.max(1, Math.ceil(value.byteLength / PIECE)),
          );
          // A checkpoint writes new rows before it frees the slots of those that go.
          most = Math.max(most, slots.reduce((sum, one) => sum + one, 0) + changes.length * 3);
          expect(writer.stream.size).toBeLessThanOrEqual(2 * most);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('that do not fit one batch travel in bundles, and row by row with the next checkpoints', () => {
    const writer = new Writer();
    const many = (count: number, fill: number): Change[] =>
      Array.from({ length: count }, (_, name) => [key(name), bytes(100, fill)]);
    writer.change(many(2_500, 1));
    writer.checkpoint();
    expect(writer.unsaved.size).toBeGreaterThan(1_500);
    writer.takeOver();
    expect(writer.unsaved.size).toBeGreaterThan(1_500);
    // Rows that go while they are in a bundle only.
    writer.change(Array.from({ length: 300 }, (_, name): Change => [key(2_200 + name), undefined]));
    while (writer.unsaved.size > 0) {
      writer.checkpoint();
      writer.takeOver();
    }
    expect(writer.stream.load().rows.size).toBe(2_200);
  });

  test('are deleted in a bundle, too', () => {
    const writer = new Writer();
    const rows = Array.from({ length: 900 }, (_, name): Change => [key(name), bytes(10, 1)]);
    writer.change(rows);
    writer.checkpoint();
    writer.change(rows.map(([name]): Change => [name, undefined]));
    writer.change(Array.from({ length: 900 }, (_, name): Change => [key(10_000 + name), bytes(10, 2)]));
    writer.checkpoint();
    expect(writer.unsaved.size).toBeGreaterThan(0);
    writer.takeOver();
    while (writer.unsaved.size > 0) writer.checkpoint();
    writer.takeOver();
  });

  test('a reader who comes back for what is newer sees rows that moved to other slots and those that went', () => {
    const writer = new Writer();
    writer.change([
      [key(1), bytes(10, 1)],
      [key(2), bytes(10, 2)],
    ]);
    writer.checkpoint();
    const rows = new Map<string, Uint8Array>();
    const reader = new RowReader();
    const seen = (records: readonly StateRecord[]): void => {
      for (const record of records) applyTo(rows, reader.read(record));
    };
    const store = new MemoryStore();
    const slots = new StateSlots(store, PARTITION);
    const write = (changes: readonly Change[], step: number): StateRecord[] => {
      const { records, freed } = encodeRows(changes, `1.${step}`, 0, slots);
      slots.keep();
      slots.free(freed);
      return [...records];
    };
    seen(write([[key(1), bytes(10, 1)]], 1));
    write([[key(1), undefined]], 2);
    // The slot of the row that went is another row's now; that it was free in between was overwritten.
    seen(write([[key(2), bytes(10, 2)]], 3));
    expect([...rows.keys()]).toEqual([key(2)]);
  });
});
