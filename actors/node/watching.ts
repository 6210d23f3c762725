/** Which targets a node watches for changes. The watchers are the machine's; here is what they are made from. */
import { emit } from '../../runtime/effects.ts';
import type { Target } from '../orchestrator/contract.ts';
import { nodeContract } from './contract.ts';
import { targets } from './tables.ts';

/** One target to watch, as the query `watched` lists it. */
export interface WatchedTarget {
  readonly id: string;
  readonly type: string;
  readonly location: string;
}

/** `metadata.watch: true`, for what lies in this machine's file system. */
export const isWatched = ({ type, metadata }: Target): boolean =>
  metadata['watch'] === true && (type === 'file' || type === 'directory');

export function watchedTargets(): WatchedTarget[] {
  const watched: WatchedTarget[] = [];
  for (const [id, { target }] of targets.range())
    if (isWatched(target)) watched.push({ id, type: target.type, location: target.location });
  return watched;
}

/** The next assignment of the target here would have it watched again. */
export function watchEnded(id: string): void {
  const row = targets.get(id);
  if (row === undefined || !isWatched(row.target)) return;
  const { watch: _, ...metadata } = row.target.metadata;
  targets.put(id, { ...row, target: { ...row.target, metadata } });
  watchesChanged();
}

/** Tells the machine to look again. */
export const watchesChanged = (): void => emit(nodeContract, 'watches-changed', {});
