/** What checkers look at, and what they say. */
import type { Address } from '../../../protocol/address.ts';
import type { Publication, Verdict } from '../../../runtime/log.ts';
import type { History } from '../history.ts';
import type { Model } from '../workload.ts';

/** What a shard holds of an actor when nothing moves any more. */
export interface FinalAnswer {
  readonly address: Address;
  readonly partition: number;
  readonly value: unknown;
  readonly stateHash: string;
  readonly cursor: { readonly seq: number; readonly index: number };
  /** `settled`: after the faults; `reloaded`: by a shard that had nothing but the broker. */
  readonly when: 'settled' | 'reloaded';
}

/** A run that is over. */
export interface Evidence {
  readonly history: History;
  readonly published: ReadonlyMap<string, Publication>;
  readonly verdicts: readonly Verdict[];
  readonly models: Readonly<Record<string, Model>>;
  readonly partitions: number;
  readonly answers: readonly FinalAnswer[];
  /** Whether everything had its effect; without it, what is missing is not lost. */
  readonly isSettled: boolean;
}

/** Says what is wrong, a line for each thing. */
export type Checker = (evidence: Evidence) => Iterable<string>;

/** The first few of many; the number of the others. */
export function few(lines: readonly string[]): string[] {
  const most = 6;
  return lines.length <= most ? [...lines] : [...lines.slice(0, most), `… and ${lines.length - most} more`];
}

/** Equality of plain values, whatever the order of their keys. */
export function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

/** Text that is the same for equal plain values. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (inner instanceof Map)
      return [...(inner as Map<string, unknown>)].sort(([x], [y]) => (x < y ? -1 : 1));
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([x], [y]) => (x < y ? -1 : 1)));
  });
}
