/** Builds the indexes of a partition from its rows: after a load, and when a release declares them otherwise. */
import { createHash } from 'node:crypto';
import { decode, encode } from '../protocol/codec.ts';
import { entriesOf } from './actor-rows.ts';
import { UnreadableState } from './current-turn.ts';
import { buckets } from './keys.ts';
import type { Change, Store } from './store.ts';
import { decodeRow } from './stored-row.ts';
import type { Kind, System } from './system.ts';
import type { Table } from './table.ts';

/** Rows in one commit; what is asked of the thread meanwhile is answered between two. */
const ROWS_AT_ONCE = 500;
const BUILT = 'indexes';

/**
 * Makes the partition's indexes those of `system`, unless they are already; `pause` is awaited between two
 * commits. Rows that this release cannot read have no entries: their actor takes no turn until another release
 * reads them, and builds the indexes anew.
 */
export async function buildIndexes(
  store: Store,
  partition: number,
  system: System,
  pause: () => Promise<unknown>,
): Promise<void> {
  const stamp = buckets.local(partition) + BUILT;
  const version = versionOf(system);
  const built = store.get(stamp);
  if (built !== undefined && decode(built) === version) return;
  await walk(store, buckets.indexes(partition), pause, (name) => [
    [buckets.indexes(partition) + name, undefined],
  ]);
  let unreadable = 0;
  for (const [kind, { definition }] of system.kinds) {
    if (indexed(definition).length === 0) continue;
    await walk(store, buckets.rowsOfKind(partition, kind), pause, (name, bytes) => {
      const [key = '', tableName = ''] = name.split('|', 2);
      const table = definition.tables?.[tableName];
      if (table === undefined || table.indexes.length === 0) return [];
      const rowKey = name.slice(key.length + tableName.length + 2);
      const row = readable(table, rowKey, bytes);
      if (row === undefined) unreadable++;
      return table.indexes.flatMap((index) => {
        const bucket = buckets.rows(partition, `${kind}/${key}`, index.name);
        return [...entriesOf(index, rowKey, row)].map(([entry, value]): Change => [bucket + entry, value]);
      });
    });
  }
  if (unreadable === 0) store.commit([[stamp, encode(version)]]);
}

/** Commits what `changesOf` makes of every row of a bucket, some at a time. */
async function walk(
  store: Store,
  bucket: string,
  pause: () => Promise<unknown>,
  changesOf: (name: string, bytes: Uint8Array) => readonly Change[],
): Promise<void> {
  let after = {};
  for (;;) {
    const rows = [...store.range(bucket, { ...after, limit: ROWS_AT_ONCE })];
    const last = rows.at(-1);
    if (last === undefined) return;
    store.commit(rows.flatMap(([name, bytes]) => changesOf(name, bytes)));
    after = { gt: last[0] };
    await pause();
  }
}

function readable(table: Table<unknown>, key: string, bytes: Uint8Array): unknown {
  try {
    return table.upgrade(key, decodeRow(bytes));
  } catch (error) {
    if (error instanceof UnreadableState) return undefined;
    throw error;
  }
}

const indexed = ({ tables = {} }: Kind['definition']): Table<unknown>[] =>
  Object.values(tables).filter(({ indexes }) => indexes.length > 0);

/** Of everything that decides what the indexes hold. */
function versionOf({ kinds }: System): string {
  const hash = createHash('sha256');
  for (const [kind, { definition }] of kinds) {
    for (const { name, version, migrate, indexes } of indexed(definition)) {
      const entries = indexes.map((index) => [index.name, index.version, String(index.entries)]);
      hash.update(JSON.stringify([kind, name, version, String(migrate), entries]));
    }
  }
  return hash.digest('hex');
}
