/**
 * Tables: an actor's large state, as rows in the partition's store. A handle is declared once, at module
 * level, and reads and writes the rows of whichever actor's turn (or query) is running.
 */
import { currentTurn } from './current-turn.ts';

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
  get(key: string): Row | undefined;
  has(key: string): boolean;
  put(key: string, row: Row): void;
  delete(key: string): void;
  range(range?: KeyRange): Iterable<readonly [key: string, row: Row]>;
}

/**
 * Declares a table. List it in `defineActor({tables: {[name]: handle}})` under the same name.
 * Every method throws `turn.outside` when no turn or query is running; `put` and `delete` throw in a query.
 */
export function defineTable<Row>(name: string): Table<Row> {
  return {
    name,
    get: (key) => currentTurn().rows.get(name, key) as Row | undefined,
    has: (key) => currentTurn().rows.get(name, key) !== undefined,
    put: (key, row) => currentTurn().rows.put(name, key, row),
    delete: (key) => currentTurn().rows.delete(name, key),
    range: (range = {}) => currentTurn().rows.range(name, range) as Iterable<readonly [string, Row]>,
  };
}
