/**
 * The mix: of each version a share comes from a basal set, so that what is trained on it keeps what it knew. A line
 * of the set enters one version at most, because no example stands twice in the dataset.
 */
import { task } from '../../runtime/effects.ts';
import type { CuratorSettings } from '../settings.ts';
import type { Context } from './curator.ts';
import type { BasalSet, LoadBasalInput } from './load-basal.task.ts';
import { basal, basalIds, exampleIds, numberKey } from './tables.ts';

/** What the curator knows of its basal sets. */
export interface BasalState {
  /** The set that was loaded last; null before the first. */
  readonly set: BasalSet | null;
  /** Lines that versions may take, of all sets, in their order. */
  readonly available: number;
  /** Of these, those that versions have taken: always the first ones. */
  readonly taken: number;
  /** Lines that are examples of the dataset already. */
  readonly known: number;
  /** Why the last attempt at loading failed. */
  readonly problem: string | null;
}

export const NO_BASAL: BasalState = { set: null, available: 0, taken: 0, known: 0, problem: null };

/** What a version takes of the set: fixed in its turn. */
export interface BasalPart {
  /** Hash of the set that is in force. */
  readonly set: string;
  readonly from: number;
  readonly count: number;
  /** What the share asks for; fewer are taken when the set is used up. */
  readonly wanted: number;
}

/** Has the machine that has the file read it. */
export function load(
  curator: string,
  { path, node }: { path: string; node: string },
  settings: CuratorSettings,
): void {
  const input: LoadBasalInput = { curator, path, maxBytes: settings.basalMaxBytes };
  task('loadBasal', input, { pool: `node.${node}` });
}

/** Takes a page of a set's lines; those that the dataset has already are counted and left out. */
export function takePage(
  state: BasalState,
  { set, entries }: { set: string; entries: readonly { id: string; index: number }[] },
): BasalState {
  let { available, known } = state;
  for (const { id, index } of entries) {
    // A page that is told again, because its task was repeated, finds its own lines.
    if (basalIds.get(id) === set) continue;
    if (basalIds.has(id) || exampleIds.has(id)) {
      known++;
      continue;
    }
    basalIds.put(id, set);
    basal.put(numberKey(available), { set, index, id });
    available++;
  }
  return { ...state, available, known };
}

/** What a version with so many new examples takes: the share's part, or what is left. Null without a set. */
export function partFor(
  { basal: state }: Context,
  examples: number,
  settings: CuratorSettings,
): BasalPart | null {
  if (state.set === null) return null;
  const wanted = Math.floor((examples * settings.basalShare) / (1 - settings.basalShare));
  const count = Math.min(wanted, state.available - state.taken);
  return { set: state.set.sha256, from: state.taken, count, wanted };
}
