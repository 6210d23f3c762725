/**
 * What happened at least sometimes (after FoundationDB's and Antithesis' "sometimes" assertions): a campaign
 * that never met a case has not tested it. Counts are summed over runs; what stays at zero is a gap.
 */
import { FAULT_KINDS, type FaultKind } from './faults.ts';

/** States of a partition in which a fault may meet its machine. */
export const PARTITION_STATES = ['dead', 'claiming', 'loading', 'catching-up', 'ready', 'releasing'] as const;

/** Events of a run that must happen sometimes. */
export const EVENTS = [
  'frame refused by a fence',
  'head refused',
  'claim refused',
  'head written at step 0',
  'head with hundreds of kilobytes',
  'head written after its owner was superseded',
  'released',
  'trimmed',
  'verdict stored',
  'commit refused by the disk',
  'lost a partition to another owner',
  'frame stored twice',
  'answered while faults ruled',
  'loaded from nothing but the broker',
  'restarted by an operator: turn',
  'restarted by an operator: version.tail',
  'mailbox was full',
  'report: An actor is quarantined: it takes no messages until it is resumed.',
  'watcher told: normal',
  'watcher told: shutdown',
  'watcher told: error',
  'watcher told: killed',
  'watcher told: noproc',
] as const;

export class Coverage {
  readonly counts = new Map<string, number>();

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  fault(kind: FaultKind, state: string): void {
    this.count(`${kind} while ${state}`);
  }

  /** Each message of the runtime's own log, without what varies in it. */
  report(level: string, message: string): void {
    if (level !== 'info') this.count(`report: ${message.replace(/\d+/g, 'N').slice(0, 90)}`);
  }

  add(counts: Readonly<Record<string, number>>): void {
    for (const [what, count] of Object.entries(counts)) this.count(what, count);
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries([...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** What never happened. */
  gaps(): string[] {
    const expected = [
      ...EVENTS,
      ...FAULT_KINDS.filter(isOnMachine).flatMap((kind) =>
        PARTITION_STATES.map((state) => `${kind} while ${state}`),
      ),
      ...PARTITION_STATES.filter((state) => state !== 'dead').map((state) => `died while ${state}`),
    ];
    return expected.filter((what) => (this.counts.get(what) ?? 0) === 0);
  }
}

function isOnMachine(kind: FaultKind): boolean {
  // It strikes later than it comes; what it met is counted as a death.
  return kind !== 'crash-at-call' && kind !== 'weather' && kind !== 'repeats' && !kind.startsWith('broker-');
}
