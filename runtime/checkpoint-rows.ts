/**
 * Rows as the STATE stream holds them. Each row has slots of its own, so that the stream keeps the last value of
 * every row and nothing else; a long value travels in pieces, a slot each. What does not fit one batch row by
 * row goes into *bundles*, records of many rows; the next checkpoint writes those rows again.
 */
import { LIMITS } from '../config/limits.ts';
import { decode, encode } from '../protocol/codec.ts';
import { BATCH_RECORDS, type StateRecord } from './checkpoint-log.ts';
import type { StateSlots } from './state-slots.ts';
import type { Change } from './store.ts';

/** What a row's slot holds: its key, which write it belongs to, how many pieces there are, which this is. */
type StoredPiece = readonly [key: string, write: string, count: number, index: number, piece: Uint8Array];
/** A bundle has a key, too, and pieces never. */
type StoredBundle = readonly [
  key: string,
  rows: readonly (readonly [key: string, value: Uint8Array | null])[],
];
/** A slot that is free, and whose row it was. */
type StoredNothing = readonly [key: string];
type Stored = StoredPiece | StoredBundle | StoredNothing;

/** What becomes of a row's slots once the checkpoint is stored. */
export interface FreedSlots {
  readonly key: string;
  readonly kept: readonly number[];
  readonly freed: readonly number[];
}

/** One checkpoint, ready to be written. */
export interface EncodedRows {
  readonly records: readonly StateRecord[];
  /** Bundles written; the head says so, because the next checkpoint replaces them. */
  readonly bundles: number;
  /** Keys that are in bundles. */
  readonly bundled: readonly string[];
  readonly freed: readonly FreedSlots[];
}

/** A row with the slots that it has now: looking them up costs as much as the rest of its encoding. */
interface Placed {
  readonly row: Change;
  readonly before: readonly number[];
}

/** Room that is left for bundles as soon as there is one. */
const BUNDLE_RECORDS = 128;

/**
 * `write` names the checkpoint, so that pieces of different ones are never put together; `bundlesBefore` are
 * stored now. Assigns slots: call their `keep` before writing, and `free` with what is freed afterwards.
 */
export function encodeRows(
  rows: readonly Change[],
  write: string,
  bundlesBefore: number,
  slots: StateSlots,
): EncodedRows {
  const former = Array.from({ length: bundlesBefore }, (_, index): Change => [bundleKey(index), undefined]);
  const placed = rows.map((row): Placed => ({ row, before: slots.of(row[0]) }));
  const total = placed.reduce((sum, one) => sum + recordCount(one), bundlesBefore);
  const fitting: Placed[] = [];
  const rest: Change[] = [];
  let room = total <= BATCH_RECORDS ? BATCH_RECORDS - bundlesBefore : BATCH_RECORDS - BUNDLE_RECORDS;
  // Long ones first: what a partition may have unsaved bounds how many there are.
  for (const one of [...placed.filter(isLong), ...placed.filter((each) => !isLong(each))]) {
    const count = recordCount(one);
    if (count <= room || isLong(one)) {
      fitting.push(one);
      room -= count;
    } else {
      rest.push(one.row);
    }
  }
  const bundles = bundlesOf(rest);
  const records: StateRecord[] = [];
  const freed: FreedSlots[] = [];
  for (const one of fitting) writeRow(one, write, slots, records, freed);
  for (const [index, bundle] of bundles.entries()) {
    const key = bundleKey(index);
    const [slot] = slots.assign(key, slots.of(key), 1) as [number];
    records.push({ slot, data: encode([key, bundle] satisfies StoredBundle) });
  }
  for (const row of former.slice(bundles.length))
    writeRow({ row, before: slots.of(row[0]) }, write, slots, records, freed);
  return { records, bundles: bundles.length, bundled: rest.map(([key]) => key), freed };
}

/** Puts records, in the order they were stored, together to the rows they stand for. */
export class RowReader {
  readonly #begun = new Map<string, { write: string; slots: number[]; pieces: Uint8Array[] }>();
  readonly #slots = new Map<string, readonly number[]>();
  /** The row that a slot was last read for. */
  readonly #rows = new Map<number, string>();
  readonly #bundled = new Set<string>();
  #next = 0;

  /** Where the rows lie that were read. */
  get slots(): ReadonlyMap<string, readonly number[]> {
    return this.#slots;
  }

  /** Rows that a bundle holds: the next checkpoint must write them again, because it replaces the bundles. */
  get bundled(): ReadonlySet<string> {
    return this.#bundled;
  }

  /** The first slot that was never used. */
  get next(): number {
    return this.#next;
  }

  /** The changes that a record completes. */
  read({ slot, data }: StateRecord): readonly Change[] {
    this.#next = Math.max(this.#next, slot + 1);
    const stored = decode(data) as Stored;
    const key = stored[0];
    const former = this.#rows.get(slot);
    const moved = former !== undefined && (former !== key || isNothing(stored));
    const changes = moved ? this.#gone(former, slot) : [];
    if (isNothing(stored)) {
      this.#rows.delete(slot);
      return changes;
    }
    this.#rows.set(slot, key);
    return [...changes, ...this.#completed(slot, stored)];
  }

  /** A row whose slot was written over is gone, unless it lives on in others: its value became shorter, or moved. */
  #gone(key: string, slot: number): Change[] {
    if (this.#slots.get(key)?.includes(slot) !== true) return [];
    this.#slots.delete(key);
    return [[key, undefined]];
  }

  #completed(slot: number, stored: StoredPiece | StoredBundle): readonly Change[] {
    const key = stored[0];
    if (isBundle(stored)) {
      this.#slots.set(key, [slot]);
      for (const [name] of stored[1]) this.#bundled.add(name);
      return stored[1].map(([name, value]) => [name, value ?? undefined]);
    }
    const [, write, count, index, piece] = stored;
    let begun = this.#begun.get(key);
    if (begun?.write !== write) this.#begun.set(key, (begun = { write, slots: [], pieces: [] }));
    // A piece behind the first whose beginning was overwritten belongs to a value that is gone.
    if (begun.pieces.length !== index) return [];
    begun.slots.push(slot);
    if (begun.pieces.push(piece) < count) return [];
    this.#begun.delete(key);
    this.#slots.set(key, begun.slots);
    return [[key, count === 1 ? piece : Buffer.concat(begun.pieces)]];
  }
}

function writeRow(
  { row: [key, value], before }: Placed,
  write: string,
  slots: StateSlots,
  records: StateRecord[],
  freed: FreedSlots[],
): void {
  const count = pieceCount(value);
  const kept = slots.assign(key, before, count);
  for (const [index, slot] of kept.entries()) {
    const piece = (value as Uint8Array).subarray(
      index * LIMITS.statePieceBytes,
      (index + 1) * LIMITS.statePieceBytes,
    );
    records.push({ slot, data: encode([key, write, count, index, piece] satisfies StoredPiece) });
  }
  const gone = before.slice(count);
  if (gone.length === 0) return;
  for (const slot of gone) records.push({ slot, data: encode([key] satisfies StoredNothing) });
  freed.push({ key, kept, freed: gone });
}

function bundlesOf(rows: readonly Change[]): [string, Uint8Array | null][][] {
  const bundles: [string, Uint8Array | null][][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const [key, value] of rows) {
    const size = Buffer.byteLength(key) + (value?.byteLength ?? 0) + ROW_OVERHEAD_BYTES;
    if (bytes + size > LIMITS.stateBundleBytes) {
      bundles.push([]);
      bytes = 0;
    }
    bundles.at(-1)?.push([key, value ?? null]);
    bytes += size;
  }
  return bundles;
}

const ROW_OVERHEAD_BYTES = 16;

/** How many records a row takes: one for each slot that it has or had. */
function recordCount({ row: [, value], before }: Placed): number {
  return Math.max(pieceCount(value), before.length);
}

function pieceCount(value: Uint8Array | undefined): number {
  return value === undefined ? 0 : Math.max(1, Math.ceil(value.byteLength / LIMITS.statePieceBytes));
}

/** Such a row fills bundles of its own and gains nothing by it. */
function isLong({ row: [, value] }: Placed): boolean {
  return value !== undefined && value.byteLength > LIMITS.statePieceBytes / 2;
}

/** No row has such a key: they begin with their partition. */
const bundleKey = (index: number): string => `bundle|${index}`;

const isNothing = (stored: Stored): stored is StoredNothing => stored.length === 1;
const isBundle = (stored: Stored): stored is StoredBundle => stored.length === 2;
