/**
 * Tables: an actor's large state, as rows in the partition's store. A handle is declared once, at module
 * level, and reads and writes the rows of whichever actor's turn (or query) is running.
 */
import { decode, encode } from '../protocol/codec.ts';
import { BanyanError } from '../protocol/errors.ts';
import { currentTurn, UnreadableState, withoutTurn } from './current-turn.ts';
import { environmentFaultOf } from './environment-fault.ts';
import { MAX_TABLE_VERSION, type StoredRow } from './stored-row.ts';
import type { TableIndex } from './table-index.ts';
import { messageOf } from './thrown-message.ts';

/** Which rows a range scan visits, in key order (bytewise over UTF-8). */
export interface KeyRange {
  readonly gte?: string;
  readonly gt?: string;
  readonly lte?: string;
  readonly lt?: string;
  /** Only keys that begin with this text; combines with the bounds. */
  readonly prefix?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** Rows of one shape under string keys of 1 to 512 UTF-8 bytes; rows are values that msgpack carries. */
export interface Table<Row> {
  readonly name: string;
  /** Of its rows' shape. */
  readonly version: number;
  readonly migrate: RowMigration<Row> | undefined;
  /** What `defineIndex` has declared over it. */
  readonly indexes: readonly TableIndex<Row>[];
  /** A stored row as one of today's version; throws `UnreadableState`. */
  upgrade(key: string, stored: StoredRow): Row;
  get(key: string): Row | undefined;
  has(key: string): boolean;
  put(key: string, row: Row): void;
  delete(key: string): void;
  range(range?: KeyRange): Iterable<readonly [key: string, row: Row]>;
}

/**
 * Makes a row of an older version one of today's. Pure: it runs whenever such a row is read, outside of any
 * turn, until a turn writes the row again.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- what older releases wrote has no type any more
export type RowMigration<Row> = (row: any, fromVersion: number) => Row;

export interface TableOptions<Row> {
  /** Raised whenever the shape of the rows changes: 1 (the default) to 65,535. */
  readonly version?: number;
  /** Needed as soon as there are rows of an older version. One that throws parks its actor. */
  readonly migrate?: RowMigration<Row>;
}

/**
 * Declares a table. List it in `defineActor({tables: {[name]: handle}})` under the same name.
 * Every method throws `turn.outside` when no turn or query is running; `put` and `delete` throw in a query.
 * Reading a row of a newer version, or one that cannot be migrated, parks the actor; a query throws
 * `snapshot.version` or `snapshot.migration`. Throws `definition.invalid` for a name or a version that there
 * cannot be.
 */
export function defineTable<Row>(name: string, options: TableOptions<Row> = {}): Table<Row> {
  const { version = 1, migrate } = options;
  checkTableName(name);
  if (!Number.isInteger(version) || version < 1 || version > MAX_TABLE_VERSION) {
    throw new BanyanError('definition.invalid', {
      message: `The table '${name}' has the version ${version}; it is a whole number of 1 to ${MAX_TABLE_VERSION}.`,
    });
  }
  const upgrade = (key: string, stored: StoredRow): Row =>
    stored.version === version ? (stored.row as Row) : migrated(key, stored);

  function read(key: string, stored: StoredRow): Row {
    try {
      return upgrade(key, stored);
    } catch (error) {
      if (error instanceof UnreadableState) return currentTurn().abandon(error);
      throw error;
    }
  }

  /** Through its bytes, so that a row reads the same before and after it is written again. */
  function migrated(key: string, { row, version: from }: StoredRow): Row {
    const what = `The row ${JSON.stringify(key)} of the table '${name}'`;
    if (from > version || migrate === undefined) {
      const missing = from < version ? ', which has no migrate()' : '';
      const message = `${what} has version ${from}, the table ${version}${missing}.`;
      throw new UnreadableState('snapshot.version', { message });
    }
    try {
      const current = withoutTurn(() => migrate(row, from));
      if (current === undefined) throw new Error('it returned nothing');
      return decode(encode(current)) as Row;
    } catch (cause) {
      // The turn may have used up the stack before.
      if (environmentFaultOf(cause) !== undefined) throw cause;
      const message = `${what} could not be migrated from version ${from} to ${version}: ${messageOf(cause)}`;
      throw new UnreadableState('snapshot.migration', { message, cause });
    }
  }

  function* rowsOf(stored: Iterable<readonly [string, StoredRow]>): Generator<readonly [string, Row]> {
    for (const [key, row] of stored) yield [key, read(key, row)];
  }

  return {
    name,
    version,
    migrate,
    indexes: [],
    upgrade,
    get: (key) => {
      const stored = currentTurn().rows.get(name, key);
      return stored === undefined ? undefined : read(key, stored);
    },
    has: (key) => currentTurn().rows.get(name, key) !== undefined,
    put: (key, row) => currentTurn().rows.put(name, key, row, version),
    delete: (key) => currentTurn().rows.delete(name, key),
    range: (range = {}) => rowsOf(currentTurn().rows.range(name, range)),
  };
}

/** A table's name is part of every row's key, and `#` tells an index from a table; throws `definition.invalid`. */
export function checkTableName(name: string): void {
  if (/^[A-Za-z][\w-]{0,63}$/.test(name)) return;
  throw new BanyanError('definition.invalid', {
    message: `'${name}' cannot name a table or an index: it takes 1 to 64 of A-Z a-z 0-9 _ - and begins with a letter.`,
  });
}
