/**
 * Everything that a seed decides, as data: how many machines and partitions, what is sent, which faults come
 * when. A run depends on this and nothing else, so a failing one can be made smaller piece by piece.
 */
import { Draw } from './draw.ts';
import { drawFaults, type Fault } from './faults.ts';

export interface Scenario {
  readonly seed: number;
  readonly machines: number;
  readonly partitions: number;
  readonly clients: number;
  /** Names of workloads; see `workloads/`. */
  readonly workloads: readonly string[];
  readonly messages: number;
  /** How long messages are sent and faults happen. */
  readonly durationMs: number;
  readonly checkpoints: { readonly intervalMs: number; readonly rows: number; readonly trimBytes: number };
  /** What the mailbox may hold; publishers are refused then. */
  readonly mailboxBytes: number;
  /** How wrong clocks are, at most. */
  readonly skewMs: number;
  readonly drift: number;
  readonly faults: readonly Fault[];
}

export const WORKLOAD_NAMES = ['bank', 'lists', 'timers-tasks', 'standing', 'large'] as const;
/** Drawn by itself, so that every seed still draws what it drew before there was this one. */
const WATCHES = 'watches';

export function scenarioOf(seed: number): Scenario {
  const draw = new Draw(seed, 'scenario');
  const machines = draw.whole(1, 3);
  const partitions = draw.whole(3, 8);
  const durationMs = draw.whole(30, 120) * 1_000;
  const drawn = draw.some(WORKLOAD_NAMES, 0.4);
  const workloads: string[] = drawn.length === 0 ? [draw.pick(WORKLOAD_NAMES)] : [...drawn];
  if (new Draw(seed, WATCHES).chance(0.3)) workloads.push(WATCHES);
  return {
    seed,
    machines,
    partitions,
    clients: draw.whole(1, 4),
    workloads,
    messages: draw.whole(100, 400),
    durationMs,
    checkpoints: {
      intervalMs: draw.pick([200, 1_000, 2_000, 10_000]),
      rows: draw.pick([5, 50, 500]),
      trimBytes: draw.pick([1, 2_000, 50_000, 10_000_000]),
    },
    mailboxBytes: draw.chance(0.3) ? (workloads.includes('large') ? 1_000_000 : 20_000) : 2 ** 30,
    skewMs: draw.pick([0, 50, 5_000, 60_000]),
    drift: draw.pick([0, 0.001, 0.05]),
    faults: drawFaults(new Draw(seed, 'faults'), { machines, partitions, durationMs }),
  };
}
