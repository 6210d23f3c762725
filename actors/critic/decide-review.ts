/** A person's decision about a scenario that waits: it counts once, and is kept with who gave it. */
import { now, reply } from '../../runtime/effects.ts';
import type { Scenario, Verdict } from '../scenario.ts';
import type { Context } from './critic.ts';
import { decisionOrder, decisions, DECISIONS_KEPT, rejectionKey as numberKey, reviews } from './tables.ts';

interface Decide {
  readonly scenario: string;
  readonly decision: 'accept' | 'reject';
  readonly by: string;
  readonly reason: string;
}

/** Acts on the decision through `conclude`, as on a verdict of the critic's own. */
export function decideReview(
  context: Context,
  { scenario: id, decision, by, reason }: Decide,
  conclude: (context: Context, scenario: Scenario, verdict: Verdict) => Context,
): Context {
  const row = reviews.get(id);
  reply({ decided: row !== undefined, before: decisions.get(id) ?? null });
  if (row === undefined) return context;
  reviews.delete(id);
  const at = new Date(now()).toISOString();
  decisions.put(id, { scenario: id, decision, by, reason, at });
  decisionOrder.put(numberKey(context.reviewed), id);
  forgetOldest(context.reviewed - DECISIONS_KEPT);
  // What evidence could not verify stays said: a person's word does not verify it.
  const note = `${decision}ed by ${by}${reason === '' ? '' : `: ${reason}`}`;
  const layers = row.verdict.layers.map((layer) =>
    layer.layer === 'evidence' ? { ...layer, reasons: [...layer.reasons, note] } : layer,
  );
  const decided = { ...context, inReview: context.inReview - 1, reviewed: context.reviewed + 1 };
  return conclude(decided, row.scenario, { ...row.verdict, decision, layers, review: { by, reason, at } });
}

function forgetOldest(number: number): void {
  const scenario = decisionOrder.get(numberKey(number));
  if (scenario === undefined) return;
  decisionOrder.delete(numberKey(number));
  decisions.delete(scenario);
}
