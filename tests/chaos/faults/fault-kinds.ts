/** What can be done to a real system, to whom, and what it takes to do it. */

/** What a machine must have for a fault besides a broker and Node. */
export type Requirement = 'tmpfs' | 'strace' | 'faketime';

export interface FaultKind {
  readonly target: 'node' | 'broker';
  readonly requires?: Requirement;
  /** How often it is drawn, next to the others of its target. */
  readonly weight: number;
  /** From and to; drawn for each fault. */
  readonly lastsMs: readonly [number, number];
  /** How long it takes besides, about: until a node serves again, or a broker answers. */
  readonly costMs: number;
}

export const FAULTS = {
  /** SIGKILL; started again after a while on the same data. */
  'kill-node': { target: 'node', weight: 4, lastsMs: [0, 1_500], costMs: 3_000 },
  /** SIGSTOP, and SIGCONT before anybody misses it. */
  'pause-node': { target: 'node', weight: 2, lastsMs: [100, 4_000], costMs: 0 },
  /** SIGSTOP; a second node takes everything; SIGCONT: the first must find out that it owns nothing. */
  'take-over': { target: 'node', weight: 3, lastsMs: [0, 2_000], costMs: 5_000 },
  /** A message whose turn exhausts the stack or the heap, or never ends: its shard's thread dies. */
  'runaway-turn': { target: 'node', weight: 2, lastsMs: [0, 0], costMs: 10_000 },
  /** SIGKILL; the store's files are deleted, cut short or changed before the next start. */
  'damage-store': { target: 'node', weight: 3, lastsMs: [0, 500], costMs: 3_500 },
  'fill-node-disk': { target: 'node', requires: 'tmpfs', weight: 2, lastsMs: [500, 4_000], costMs: 0 },
  /** Every sync of the node fails, from a new start on. */
  'fail-node-sync': { target: 'node', requires: 'strace', weight: 1, lastsMs: [3_000, 6_000], costMs: 3_000 },
  'slow-node-sync': { target: 'node', requires: 'strace', weight: 1, lastsMs: [3_000, 6_000], costMs: 3_000 },
  /** The node's clock is minutes ahead or behind, then right again. */
  'step-clock': { target: 'node', requires: 'faketime', weight: 2, lastsMs: [1_500, 4_000], costMs: 0 },
  /** SIGKILL; started again after a while on the same store. */
  'kill-broker': { target: 'broker', weight: 4, lastsMs: [0, 2_500], costMs: 300 },
  'pause-broker': { target: 'broker', weight: 2, lastsMs: [100, 4_000], costMs: 0 },
  'fill-broker-disk': {
    target: 'broker',
    requires: 'tmpfs',
    weight: 2,
    lastsMs: [500, 4_000],
    costMs: 2_000,
  },
  'fail-broker-sync': {
    target: 'broker',
    requires: 'strace',
    weight: 2,
    lastsMs: [300, 3_000],
    costMs: 2_000,
  },
  'slow-broker-sync': { target: 'broker', requires: 'strace', weight: 1, lastsMs: [1_000, 4_000], costMs: 0 },
} as const satisfies Readonly<Record<string, FaultKind>>;

export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

export const kindOf = (name: FaultName): FaultKind => FAULTS[name];
