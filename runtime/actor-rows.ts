/** An actor's tables, as its turns see them: encoded rows in the overlay, within the limits of a row. */
import { LIMITS } from '../config/limits.ts';
import type { Address } from '../protocol/address.ts';
import { BanyanError } from '../protocol/errors.ts';
import { encode } from '../protocol/codec.ts';
import { type Rows, UnreadableState, withoutTurn } from './current-turn.ts';
import { buckets } from './keys.ts';
import type { Overlay } from './overlay.ts';
import type { Store } from './store.ts';
import { decodeRow, encodeRow, type StoredRow } from './stored-row.ts';
import type { KeyRange, Table } from './table.ts';

type Reads = Pick<Store, 'range'> & { read(bucket: string, name: string): Uint8Array | undefined };

/** Rows that can be read only: what a query sees. */
export class CommittedRows implements Rows {
  protected readonly reads: Reads;
  readonly #bucketOf: (table: string) => string;

  constructor(reads: Reads, partition: number, actor: Address) {
    this.reads = reads;
    const names = new Map<string, string>();
    this.#bucketOf = (table) => {
      let bucket = names.get(table);
      if (bucket === undefined) names.set(table, (bucket = buckets.rows(partition, actor, table)));
      return bucket;
    };
  }

  static of(store: Store, partition: number, actor: Address): CommittedRows {
    const reads: Reads = {
      read: (bucket, name) => store.get(bucket + name),
      range: (bucket, range) => store.range(bucket, range),
    };
    return new CommittedRows(reads, partition, actor);
  }

  get(table: string, key: string): StoredRow | undefined {
    // No row has such a key, and stores differ in what they make of it.
    if (!isKey(key)) return undefined;
    const bytes = this.reads.read(this.bucket(table), key);
    return bytes === undefined ? undefined : decodeRow(bytes);
  }

  *range(table: string, range: KeyRange): Generator<readonly [string, StoredRow]> {
    for (const bound of [range.prefix, range.gte, range.gt, range.lte, range.lt]) {
      if (bound !== undefined && bound !== '' && !isKey(bound))
        throw new BanyanError('turn.limit', {
          message: `A bound of a range in '${table}' is not well-formed, or longer than ${LIMITS.rowKeyBytes} bytes.`,
        });
    }
    for (const [key, bytes] of this.reads.range(this.bucket(table), range)) yield [key, decodeRow(bytes)];
  }

  put(table: string, _key: string, _row: unknown, _version: number): void {
    throw new BanyanError('turn.outside', { message: `A query cannot write to the table '${table}'.` });
  }

  delete(table: string, _key: string): void {
    throw new BanyanError('turn.outside', { message: `A query cannot delete from the table '${table}'.` });
  }

  protected bucket(table: string): string {
    return this.#bucketOf(table);
  }
}

/** What an index holds of a row; throws `turn.limit` for a key that no entry can have. */
export function entriesOf(
  { name, entries }: Table<unknown>['indexes'][number],
  key: string,
  row: unknown,
): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  if (row === undefined) return found;
  withoutTurn(() => {
    for (const [entry, value] of entries(row, key)) {
      if (!isKey(entry))
        throw new BanyanError('turn.limit', {
          message: `A key of the index '${name}' is empty, not well-formed, or longer than ${LIMITS.rowKeyBytes} bytes.`,
        });
      found.set(entry, encode(value));
    }
  });
  return found;
}

/** Whether a row can have this key. */
function isKey(text: string): boolean {
  return text.length > 0 && Buffer.byteLength(text) <= LIMITS.rowKeyBytes && text.isWellFormed();
}

/** The tables that an actor has declared. */
// oxlint-disable-next-line typescript/no-explicit-any -- rows are typed at each table's handle
export type Tables = Readonly<Record<string, Table<any>>>;

/** Rows of the running turn: reads see its own writes, and indexes follow them. */
export class TurnRows extends CommittedRows {
  readonly #overlay: Overlay;
  readonly #tables: Tables;

  constructor(overlay: Overlay, partition: number, actor: Address, tables: Tables = {}) {
    super(
      {
        read: (bucket, name) => overlay.get(bucket, name),
        range: (bucket, range) => overlay.range(bucket, range),
      },
      partition,
      actor,
    );
    this.#overlay = overlay;
    this.#tables = tables;
  }

  override put(table: string, key: string, row: unknown, version: number): void {
    this.#check(key);
    const bytes = encodeRow(row, version);
    if (bytes.byteLength > LIMITS.rowBytes) {
      throw new BanyanError('turn.limit', {
        message: `A row of ${bytes.byteLength} bytes in '${table}' (at most ${LIMITS.rowBytes}).`,
      });
    }
    this.#index(table, key, row);
    this.#overlay.put(this.bucket(table), key, bytes);
  }

  override delete(table: string, key: string): void {
    this.#check(key);
    this.#index(table, key, undefined);
    this.#overlay.delete(this.bucket(table), key);
  }

  /** Deletes a row that this release may not be able to read: such a row has no entries. */
  forget(table: string, key: string): void {
    this.#index(table, key, undefined);
    this.#overlay.delete(this.bucket(table), key);
  }

  /** Exchanges the entries of the row that is stored for those of the one that replaces it. */
  #index(name: string, key: string, row: unknown): void {
    const table = this.#tables[name];
    if (table === undefined || table.indexes.length === 0) return;
    const before = this.#stored(table, key);
    for (const index of table.indexes) {
      const bucket = this.bucket(index.name);
      const entries = entriesOf(index, key, row);
      for (const entry of entriesOf(index, key, before).keys())
        if (!entries.has(entry)) this.#overlay.delete(bucket, entry);
      for (const [entry, value] of entries) this.#overlay.put(bucket, entry, value);
    }
  }

  #stored(table: Table<unknown>, key: string): unknown {
    const stored = this.get(table.name, key);
    if (stored === undefined) return undefined;
    try {
      return withoutTurn(() => table.upgrade(key, stored));
    } catch (error) {
      if (error instanceof UnreadableState) return undefined;
      throw error;
    }
  }

  #check(key: string): void {
    if (!isKey(key)) {
      throw new BanyanError('turn.limit', {
        message: `A row's key has ${Buffer.byteLength(key)} bytes of UTF-8 (1 to ${LIMITS.rowKeyBytes}).`,
      });
    }
    if (this.#overlay.writesSinceMark >= LIMITS.turnRowChanges) {
      throw new BanyanError('turn.limit', {
        message: `A turn changes at most ${LIMITS.turnRowChanges} rows.`,
      });
    }
  }
}
