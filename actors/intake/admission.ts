/** Who may submit how much: validity of each item, then the quotas of the rolling hour. */
import { escapeKey } from '../../protocol/address.ts';
import { BanyanError, type WireError } from '../../protocol/errors.ts';
import { offeredArtifact, type OfferedArtifact } from '../artifact.ts';
import type { IntakeSettings } from '../settings.ts';
import { count, freeAfterMs, used } from './quota.ts';
import { measures } from './tables.ts';

/** Fields of one item's metadata; more would not fit the messages behind intake. */
const metadataFieldsMax = 64;

/** The item, with its defaults; or why it is refused (`artifact.invalid`, with the path of the field). */
export function checkItem(
  raw: unknown,
  index: number,
  settings: IntakeSettings,
): OfferedArtifact | WireError {
  const parsed = offeredArtifact.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return invalid(
      ['artifacts', index, ...(issue?.path ?? [])].join('.'),
      issue?.message ?? 'It is not an artifact.',
    );
  }
  const item = parsed.data;
  const path = `artifacts.${index}.content`;
  if (typeof item.content === 'string') {
    if (item.content.trim() === '') return invalid(path, 'The content is empty.');
  } else {
    if (item.content.ref !== item.content.sha256) return invalid(`${path}.ref`, "'ref' must equal 'sha256'.");
    if (item.content.bytes === 0) return invalid(path, 'The content is empty.');
    if (item.content.bytes > settings.contentMaxBytes) {
      return invalid(`${path}.bytes`, `The content is larger than ${settings.contentMaxBytes} bytes.`);
    }
  }
  if (Object.keys(item.metadata ?? {}).length > metadataFieldsMax) {
    return invalid(`artifacts.${index}.metadata`, `Metadata has more than ${metadataFieldsMax} fields.`);
  }
  return item;
}

export function invalid(path: string, message: string): WireError {
  return new BanyanError('artifact.invalid', { path, message }).toWire();
}

/** Items per rolling hour that a node may submit: more the more of its attempts succeed. */
export function nodeQuota(node: string, settings: IntakeSettings): number {
  const measure = measures.get(escapeKey(node));
  const known = measure !== undefined && measure.attempts >= settings.attemptsNeeded;
  const successRate = known ? measure.successRate : settings.neutralSuccessRate;
  const quota = Math.floor(settings.nodeBase * 2 * successRate);
  return Math.min(settings.nodeMax, Math.max(settings.nodeMin, quota));
}

export const totalScope = 'total';
export const nodeScope = (node: string): string => `node:${escapeKey(node)}`;

/** Admits as many of `wanted` items as the quotas allow, and says why the rest must wait. */
export function admit(
  node: string,
  wanted: number,
  nowMs: number,
  settings: IntakeSettings,
): { admitted: number; refusal: WireError | undefined } {
  if (wanted === 0) return { admitted: 0, refusal: undefined };
  const windowMs = settings.quotaWindowMs;
  const scopes = [
    { scope: nodeScope(node), limit: nodeQuota(node, settings), owner: `Node '${node}'` },
    { scope: totalScope, limit: settings.hourlyTotal, owner: 'All sources together' },
  ].map((scope) => ({ ...scope, left: scope.limit - used(scope.scope, nowMs, windowMs) }));
  const admitted = Math.max(0, Math.min(wanted, ...scopes.map(({ left }) => left)));
  if (admitted > 0) for (const { scope } of scopes) count(scope, admitted, nowMs, windowMs);
  if (admitted === wanted) return { admitted, refusal: undefined };
  const tightest = scopes.reduce((a, b) => (b.left < a.left ? b : a));
  // When all that was refused has room, as far as the limits themselves allow it at once.
  const again = Math.min(wanted - admitted, ...scopes.map(({ limit }) => limit));
  const waits = scopes.map(({ scope, limit, left }) =>
    limit === 0 ? windowMs : freeAfterMs(scope, again - left + admitted, nowMs, windowMs),
  );
  const refusal = new BanyanError('quota.exceeded', {
    message: `${tightest.owner} may submit ${tightest.limit} items per rolling hour, and they are used up.`,
    retryAfterMs: Math.max(...waits),
    hint:
      tightest.scope === totalScope
        ? 'Wait as long as "retryAfterMs" says, or raise the setting pipeline.intake.hourlyTotal.'
        : 'Wait as long as "retryAfterMs" says; a higher success rate raises the quota, and sources named with --source are exempt.',
  }).toWire();
  return { admitted, refusal };
}

/** Why everything is refused for now: too much that was taken in is still undecided. */
export const overloaded = (pending: number, { pendingMax, overloadRetryMs }: IntakeSettings): WireError =>
  new BanyanError('overload', {
    message: `${pending} items wait for a decision, and more than ${pendingMax} may not.`,
    retryAfterMs: overloadRetryMs,
    hint: 'Wait as long as "retryAfterMs" says, and submit less at a time; more wait with pipeline.intake.pendingMax.',
  }).toWire();
