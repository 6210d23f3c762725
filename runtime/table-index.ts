/**
 * Indexes: rows that follow from the rows of a table. The runtime keeps them in step with every `put` and
 * `delete`, in the same window; they are never part of a checkpoint, because whoever loads the table builds
 * them again. So an order or a lookup costs local writes and nothing else, and cannot drift from its table.
 */
import { BanyanError } from '../protocol/errors.ts';
import { currentTurn } from './current-turn.ts';
import { checkTableName, type KeyRange, type Table } from './table.ts';

/** The entries of one row: keys as those of rows, with whatever a reader of the order needs at hand. */
export type Entries<Row, Entry> = (row: Row, key: string) => Iterable<readonly [key: string, entry: Entry]>;

/** What the runtime knows of an index. */
export interface TableIndex<Row> {
  /** `<table>#<index>`, which no table can be named. */
  readonly name: string;
  readonly version: number;
  entries(row: Row, key: string): Iterable<readonly [key: string, entry: unknown]>;
}

/** An index as turns and queries read it. */
export interface Index<Entry> {
  readonly name: string;
  get(key: string): Entry | undefined;
  has(key: string): boolean;
  range(range?: KeyRange): Iterable<readonly [key: string, entry: Entry]>;
}

export interface IndexOptions<Row, Entry> {
  /** Pure: of the row and its key alone. Two rows of one actor must not share an entry's key. */
  readonly entries: Entries<Row, Entry>;
  /** Raised when `entries` means something else although its own text is the same, because of what it calls. */
  readonly version?: number;
}

/**
 * Declares an index over a table, at module level; it belongs to whichever actor lists the table. What
 * `entries` gives for a row is there as soon as the row is, and gone with it.
 * Throws `definition.invalid` for a name that cannot be, or that is taken.
 */
export function defineIndex<Row, Entry>(
  table: Table<Row>,
  name: string,
  { entries, version = 1 }: IndexOptions<Row, Entry>,
): Index<Entry> {
  checkTableName(name);
  const index: TableIndex<Row> = { name: indexName(table.name, name), version, entries };
  if (table.indexes.some((other) => other.name === index.name))
    throw new BanyanError('definition.invalid', { message: `There are two indexes '${index.name}'.` });
  (table.indexes as TableIndex<Row>[]).push(index);
  const rows = () => currentTurn().rows;
  function* range(of: KeyRange = {}): Generator<readonly [string, Entry]> {
    for (const [key, { row }] of rows().range(index.name, of)) yield [key, row as Entry];
  }
  return {
    name: index.name,
    get: (key) => rows().get(index.name, key)?.row as Entry | undefined,
    has: (key) => rows().get(index.name, key) !== undefined,
    range,
  };
}

const indexName = (table: string, index: string): string => `${table}#${index}`;
