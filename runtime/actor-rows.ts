/** An actor's tables, as its turns see them: encoded rows in the overlay, within the limits of a row. */
import { LIMITS } from '../config/limits.ts';
import type { Address } from '../protocol/address.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { Rows } from './current-turn.ts';
import { buckets } from './keys.ts';
import type { Overlay } from './overlay.ts';
import type { Store } from './store.ts';
import { decodeRow, encodeRow, type StoredRow } from './stored-row.ts';
import type { KeyRange } from './table.ts';

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

/** Whether a row can have this key. */
function isKey(text: string): boolean {
  return text.length > 0 && Buffer.byteLength(text) <= LIMITS.rowKeyBytes && text.isWellFormed();
}

/** Rows of the running turn: reads see its own writes. */
export class TurnRows extends CommittedRows {
  readonly #overlay: Overlay;

  constructor(overlay: Overlay, partition: number, actor: Address) {
    super(
      {
        read: (bucket, name) => overlay.get(bucket, name),
        range: (bucket, range) => overlay.range(bucket, range),
      },
      partition,
      actor,
    );
    this.#overlay = overlay;
  }

  override put(table: string, key: string, row: unknown, version: number): void {
    this.#check(key);
    const bytes = encodeRow(row, version);
    if (bytes.byteLength > LIMITS.rowBytes) {
      throw new BanyanError('turn.limit', {
        message: `A row of ${bytes.byteLength} bytes in '${table}' (at most ${LIMITS.rowBytes}).`,
      });
    }
    this.#overlay.put(this.bucket(table), key, bytes);
  }

  override delete(table: string, key: string): void {
    this.#check(key);
    this.#overlay.delete(this.bucket(table), key);
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
