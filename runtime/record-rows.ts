/**
 * A turn's dealings with its tables, written down so that the turn can be run again elsewhere: reads with
 * what they found, writes with their bytes, in order. Bytes, because a turn may change the row it was given.
 */
import type { Rows } from './current-turn.ts';
import { encodeRow, type StoredRow } from './stored-row.ts';
import type { KeyRange } from './table.ts';

/** One row as it was read: its key and its bytes, as they are stored. */
export type RowBytes = readonly [key: string, row: Uint8Array];

/** What a turn did with its tables, one step. */
export type RowStep =
  | {
      readonly kind: 'get';
      readonly table: string;
      readonly key: string;
      readonly row: Uint8Array | undefined;
    }
  | { readonly kind: 'put'; readonly table: string; readonly key: string; readonly row: Uint8Array }
  | { readonly kind: 'delete'; readonly table: string; readonly key: string }
  | {
      readonly kind: 'range';
      readonly table: string;
      readonly range: KeyRange;
      /** The rows that the turn took; it may have stopped before the last one. */
      readonly rows: RowBytes[];
      /** Whether the turn saw that there are no more. */
      ended: boolean;
    };

/** A turn that reads more than this is not worth carrying to another thread. */
const RECORD_BYTES = 4 * 1024 * 1024;
const STEP_BYTES = 64;

/** Passes everything on to `rows` and remembers it. */
export class RecordingRows implements Rows {
  readonly #rows: Rows;
  readonly #steps: RowStep[] = [];
  #bytes = 0;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  /** Undefined when the turn read or wrote too much to keep. */
  get steps(): readonly RowStep[] | undefined {
    return this.#bytes > RECORD_BYTES ? undefined : this.#steps;
  }

  get(table: string, key: string): StoredRow | undefined {
    const row = this.#rows.get(table, key);
    this.#add({ kind: 'get', table, key, row: row === undefined ? undefined : this.#keep(row) });
    return row;
  }

  put(table: string, key: string, row: unknown, version: number): void {
    this.#rows.put(table, key, row, version);
    this.#add({ kind: 'put', table, key, row: this.#keep({ row, version }) });
  }

  delete(table: string, key: string): void {
    this.#rows.delete(table, key);
    this.#add({ kind: 'delete', table, key });
  }

  *range(table: string, range: KeyRange): Generator<readonly [string, StoredRow]> {
    const step = { kind: 'range' as const, table, range: { ...range }, rows: [] as RowBytes[], ended: false };
    this.#add(step);
    for (const [key, row] of this.#rows.range(table, range)) {
      const bytes = this.#keep(row);
      if (this.#bytes <= RECORD_BYTES) step.rows.push([key, bytes]);
      yield [key, row];
    }
    step.ended = true;
  }

  #add(step: RowStep): void {
    this.#bytes += STEP_BYTES;
    if (this.#bytes <= RECORD_BYTES) this.#steps.push(step);
  }

  #keep({ row, version }: StoredRow): Uint8Array {
    if (this.#bytes > RECORD_BYTES) return new Uint8Array();
    const bytes = encodeRow(row, version);
    this.#bytes += bytes.byteLength + STEP_BYTES;
    return bytes;
  }
}
