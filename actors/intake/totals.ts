/** Intake's small state: exact totals. */
import type { WireError } from '../../protocol/errors.ts';
import type { Rejection } from './tables.ts';

/** Totals since the beginning. `collected + retried = accepted + duplicates + corroborated + rejected + pending`. */
export interface IntakeTotals {
  /** Items offered, each once: further attempts at a refused item are `retried`. */
  readonly collected: number;
  readonly retried: number;
  readonly accepted: number;
  /** Known content that corroborated nothing; `versions` of them raised their artifact's confidence. */
  readonly duplicates: number;
  readonly versions: number;
  readonly corroborated: number;
  readonly rejected: number;
  readonly rejectedBy: {
    readonly quota: number;
    readonly overload: number;
    readonly invalid: number;
    readonly other: number;
  };
  /** Items admitted without a quota because the user named their source. */
  readonly exempt: number;
}

export interface IntakeContext {
  readonly totals: IntakeTotals;
  /** Items admitted and not decided yet. */
  readonly pending: number;
}

export const emptyContext: IntakeContext = {
  totals: {
    collected: 0,
    retried: 0,
    accepted: 0,
    duplicates: 0,
    versions: 0,
    corroborated: 0,
    rejected: 0,
    rejectedBy: { quota: 0, overload: 0, invalid: 0, other: 0 },
    exempt: 0,
  },
  pending: 0,
};

/** Adds refusals to the totals, by their reason. */
export function countRejected(context: IntakeContext, rejected: readonly Rejection[]): IntakeContext {
  const rejectedBy = { ...context.totals.rejectedBy };
  for (const { error } of rejected) rejectedBy[refusalOf(error)]++;
  return {
    ...context,
    totals: { ...context.totals, rejected: context.totals.rejected + rejected.length, rejectedBy },
  };
}

const refusalOf = ({ code }: WireError): keyof IntakeTotals['rejectedBy'] => {
  if (code === 'quota.exceeded') return 'quota';
  if (code === 'overload') return 'overload';
  return code === 'artifact.invalid' ? 'invalid' : 'other';
};
