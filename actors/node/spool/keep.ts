/**
 * The seam between reading and the spool. A file that lies on disk is its own spool: it is read again. What is gone
 * when it is asked for again is put into the spool right after it was read, and comes from there at every later
 * attempt, until intake has decided about it for good: a broker that is away, a killed process and a refusal for now
 * all cost time and nothing else.
 */
import { join } from 'node:path';
import type { TaskContext } from '../../../runtime/define-actor.ts';
import type { NodeSettings } from '../../settings.ts';
import type { Collector, ReadItem } from '../collectors/collector.ts';
import { Spool } from './spool.ts';

/** Items of one target that intake has decided about, by name. */
export interface ReleaseInput {
  readonly id: string;
  readonly names: readonly string[];
}

export interface Keeping {
  /** Whether items are kept at all. */
  readonly spooled: boolean;
  /** The item as it is kept; else it is read, and kept before anything else is done with it. */
  item(name: string, read: () => Promise<ReadItem>): Promise<ReadItem>;
}

/** Of a thread, by folder. */
const opened = new Map<string, Promise<Spool>>();

function spoolIn(folder: string, settings: Pick<NodeSettings, 'spoolBytes'>): Promise<Spool> {
  const path = join(folder, 'spool');
  let spool = opened.get(path);
  if (spool === undefined) {
    spool = Spool.open(path, settings.spoolBytes);
    opened.set(path, spool);
    // A disk that fails now may be repaired.
    spool.catch(() => opened.delete(path));
  }
  return spool;
}

const keyOf = (target: string, name: string): string => `${target.slice(0, 16)}|${name}`;

/** Throws `spool.full` before anything is read: nothing is lost, the batch is tried again. */
export async function keeping(
  collector: Collector,
  target: string,
  { folder }: TaskContext,
  settings: NodeSettings,
): Promise<Keeping> {
  if (collector.volatile !== true || folder === undefined)
    return { spooled: false, item: (_, read) => read() };
  const spool = await spoolIn(folder, settings);
  await spool.checkRoom();
  return {
    spooled: true,
    async item(name, read) {
      const key = keyOf(target, name);
      const kept = await spool.get(key);
      if (kept !== undefined) return JSON.parse(kept.toString()) as ReadItem;
      const item = await read();
      await spool.put(key, Buffer.from(JSON.stringify(item)));
      return item;
    },
  };
}

/** Gives up what was decided. */
export async function release(
  { id, names }: ReleaseInput,
  { folder }: TaskContext,
  settings: NodeSettings,
): Promise<void> {
  if (folder === undefined) return;
  const spool = await spoolIn(folder, settings);
  await spool.drop(names.map((name) => keyOf(id, name)));
}
