/**
 * One submission's way through intake: checked item by item, admitted by quota, offered to its collection's
 * coordinator, answered when every item is decided. Each function takes the context and returns the next one.
 */
import { escapeKey } from '../../protocol/address.ts';
import { BanyanError, type WireError } from '../../protocol/errors.ts';
import { deferReply, messageId, now, reply, task, tell } from '../../runtime/effects.ts';
import type { Artifact, OfferedArtifact, Outcome } from '../artifact.ts';
import { coordinatorContract } from '../coordinator/contract.ts';
import { nodeContract, type SubmissionResult } from '../node/contract.ts';
import type { IntakeSettings } from '../settings.ts';
import { admit, checkItem, invalid } from './admission.ts';
import type { Resolved, ResolveInput } from './content.task.ts';
import { excerptOf } from './excerpt.ts';
import { identityOf } from './identity.ts';
import { type BatchRow, batches, contents, type Rejection, unresolved, unresolvedKey } from './tables.ts';

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
  readonly rejectedBy: { readonly quota: number; readonly overload: number; readonly invalid: number; readonly other: number };
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

export interface Submission {
  readonly node: string;
  readonly batch: string;
  readonly collection: string;
  readonly exempt: boolean;
  readonly retries: number;
  readonly positions: readonly number[] | null;
  readonly fromNode: boolean;
  readonly items: readonly unknown[];
}

/** Bytes of one offer to the coordinator, by estimate; well below the limit of a message. */
const offerBytes = 150_000;
/** Contents fetched by one task: their excerpts come back in one message. */
const resolveItems = 16;

interface Admitted {
  readonly index: number;
  readonly item: OfferedArtifact;
}

/** Takes a submission in. `saturated`: too much is undecided, so everything is refused for now. */
export function submit(
  context: IntakeContext,
  submission: Submission,
  settings: IntakeSettings,
  saturated: boolean,
): IntakeContext {
  const { items, retries } = submission;
  const admitted: Admitted[] = [];
  const rejected: Rejection[] = [];
  if (saturated) {
    const overload = new BanyanError('overload', { retryAfterMs: settings.overloadRetryMs }).toWire();
    items.forEach((_, index) => rejected.push({ index, error: overload }));
  } else {
    items.forEach((raw, index) => {
      const checked = checkItem(raw, index, settings);
      if ('code' in checked) rejected.push({ index, error: checked });
      else admitted.push({ index, item: checked });
    });
    if (!submission.exempt) {
      const { admitted: allowed, refusal } = admit(submission.node, admitted.length, now(), settings);
      for (const { index } of admitted.splice(allowed)) if (refusal) rejected.push({ index, error: refusal });
    }
  }
  const batchKey = messageId();
  const row: BatchRow = {
    batch: submission.batch,
    node: submission.node,
    collection: submission.collection,
    fromNode: submission.fromNode,
    reply: submission.fromNode ? null : (deferReply() ?? null),
    positions: submission.positions,
    open: admitted.length,
    outcomes: [],
    rejected,
  };
  settle(batchKey, row);
  process(batchKey, row, admitted, settings);
  const totals = {
    ...context.totals,
    collected: context.totals.collected + items.length - Math.min(retries, items.length),
    retried: context.totals.retried + Math.min(retries, items.length),
    exempt: context.totals.exempt + (submission.exempt ? admitted.length : 0),
  };
  return countRejected({ totals, pending: context.pending + admitted.length }, rejected);
}

/** Keeps and offers what came with its content; has the rest fetched. */
function process(batchKey: string, row: BatchRow, admitted: readonly Admitted[], settings: IntakeSettings): void {
  const offers: { index: number; artifact: Artifact }[] = [];
  const fetches: ResolveInput['items'][number][] = [];
  for (const { index, item } of admitted) {
    const source = item.source ?? `node:${row.node}`;
    const { contentType, content, confidence, threat, opportunity, metadata = {} } = item;
    const measures = { confidence, threat, opportunity, metadata };
    if (typeof content !== 'string') {
      unresolved.put(unresolvedKey(batchKey, index), { contentType, ref: content, source, ...measures });
      fetches.push({ index, contentType, sha256: content.sha256, bytes: content.bytes });
      continue;
    }
    const id = identityOf(contentType, content);
    const bytes = Buffer.byteLength(content);
    if (!contents.has(id)) {
      contents.put(id, { contentType, source, node: row.node, bytes, content, ref: null });
    }
    const { excerpt, complete } = excerptOf(content, settings.excerptCharacters);
    const domain = domainOf(metadata);
    const artifact = { id, node: row.node, contentType, source, domain, excerpt, complete, contentBytes: bytes, ...measures };
    offers.push({ index, artifact });
  }
  offer(batchKey, row.collection, offers);
  for (let at = 0; at < fetches.length; at += resolveItems) {
    const input: ResolveInput = {
      batch: batchKey,
      excerptCharacters: settings.excerptCharacters,
      items: fetches.slice(at, at + resolveItems),
    };
    task('resolve', input);
  }
}

/** Contents were read: what is sound is offered, what is not is rejected. */
export function resolved(context: IntakeContext, batchKey: string, items: readonly Resolved[]): IntakeContext {
  const row = batches.get(batchKey);
  if (row === undefined) return context;
  const offers: { index: number; artifact: Artifact }[] = [];
  const rejected: Rejection[] = [];
  for (const item of items) {
    const key = unresolvedKey(batchKey, item.index);
    const waiting = unresolved.get(key);
    if (waiting === undefined) continue;
    unresolved.delete(key);
    if ('problem' in item) {
      rejected.push({ index: item.index, error: invalid(`artifacts.${item.index}.content`, item.problem) });
      continue;
    }
    const { ref, ...rest } = waiting;
    const { id, excerpt, complete, bytes } = item;
    if (!contents.has(id)) {
      contents.put(id, { contentType: rest.contentType, source: rest.source, node: row.node, bytes, content: null, ref });
    }
    const domain = domainOf(rest.metadata);
    const metadata = { ...rest.metadata };
    offers.push({
      index: item.index,
      artifact: { ...rest, metadata, id, node: row.node, domain, excerpt, complete, contentBytes: bytes },
    });
  }
  offer(batchKey, row.collection, offers);
  return reject(context, batchKey, row, rejected);
}

/** The object store failed: the sender is asked to come back. */
export function unresolvable(
  context: IntakeContext,
  input: ResolveInput,
  message: string,
  settings: IntakeSettings,
): IntakeContext {
  const row = batches.get(input.batch);
  if (row === undefined) return context;
  const error = new BanyanError('task.failed', { message, retryAfterMs: settings.overloadRetryMs }).toWire();
  const rejected: Rejection[] = [];
  for (const { index } of input.items) {
    const key = unresolvedKey(input.batch, index);
    if (!unresolved.has(key)) continue;
    unresolved.delete(key);
    rejected.push({ index, error });
  }
  return reject(context, input.batch, row, rejected);
}

/** The coordinator decided some of a submission's items. */
export function decided(
  context: IntakeContext,
  batchKey: string,
  decisions: readonly { readonly index: number; readonly outcome: Outcome }[],
): IntakeContext {
  const row = batches.get(batchKey);
  if (row === undefined) return context;
  const outcomes = decisions.map(({ index, outcome }) => [index, outcome] as const);
  settle(batchKey, { ...row, open: row.open - outcomes.length, outcomes: [...row.outcomes, ...outcomes] });
  const counted = tally(outcomes);
  const { totals } = context;
  return {
    pending: context.pending - outcomes.length,
    totals: {
      ...totals,
      accepted: totals.accepted + counted.accepted,
      duplicates: totals.duplicates + counted.duplicates,
      versions: totals.versions + counted.versions,
      corroborated: totals.corroborated + counted.corroborated,
    },
  };
}

/** Sends features on in as few messages as their size allows, in the order of the items. */
function offer(batchKey: string, collection: string, items: readonly { index: number; artifact: Artifact }[]): void {
  const coordinator = coordinatorContract.at(collection);
  let part: typeof items[number][] = [];
  let bytes = 0;
  for (const item of items) {
    const { excerpt, source, metadata } = item.artifact;
    const itemBytes = 500 + Buffer.byteLength(excerpt) + Buffer.byteLength(source) + Buffer.byteLength(JSON.stringify(metadata));
    if (part.length > 0 && bytes + itemBytes > offerBytes) {
      tell(coordinator, { type: 'artifact.offered', batch: batchKey, items: part });
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += itemBytes;
  }
  if (part.length > 0) tell(coordinator, { type: 'artifact.offered', batch: batchKey, items: part });
}

function reject(context: IntakeContext, batchKey: string, row: BatchRow, rejected: readonly Rejection[]): IntakeContext {
  if (rejected.length === 0) return context;
  settle(batchKey, { ...row, open: row.open - rejected.length, rejected: [...row.rejected, ...rejected] });
  return countRejected({ ...context, pending: context.pending - rejected.length }, rejected);
}

function countRejected(context: IntakeContext, rejected: readonly Rejection[]): IntakeContext {
  const rejectedBy = { ...context.totals.rejectedBy };
  for (const { error } of rejected) rejectedBy[refusalOf(error)]++;
  return { ...context, totals: { ...context.totals, rejected: context.totals.rejected + rejected.length, rejectedBy } };
}

const refusalOf = ({ code }: WireError): keyof IntakeTotals['rejectedBy'] => {
  if (code === 'quota.exceeded') return 'quota';
  if (code === 'overload') return 'overload';
  return code === 'artifact.invalid' ? 'invalid' : 'other';
};

/** Keeps a submission while items are open; answers it when none is. */
function settle(batchKey: string, row: BatchRow): void {
  if (row.open > 0) {
    batches.put(batchKey, row);
    return;
  }
  batches.delete(batchKey);
  const { accepted, duplicates, corroborated } = tally(row.outcomes);
  const rejected = row.rejected
    .map(({ index, error }) => ({ index, error: { ...error } }))
    .sort((a, b) => a.index - b.index);
  const waits = rejected.flatMap(({ error }) => (error.retryAfterMs === undefined ? [] : [error.retryAfterMs]));
  const retryAfterMs = waits.length === 0 ? {} : { retryAfterMs: Math.max(...waits) };
  const result: Omit<SubmissionResult, 'batch'> = { accepted, duplicates, corroborated, rejected, ...retryAfterMs };
  if (row.fromNode) {
    const items = itemsOf(row);
    tell(nodeContract.at(escapeKey(row.node)), { type: 'submission.decided', batch: row.batch, ...result, ...items });
  } else if (row.reply !== null) {
    reply(result, row.reply);
  }
}

function itemsOf({ positions, outcomes, rejected }: BatchRow): Pick<SubmissionResult, 'items'> {
  if (positions === null) return {};
  const position = (index: number): number => positions[index] ?? index;
  return {
    items: [
      ...outcomes.map(([index, outcome]) => ({ position: position(index), outcome })),
      ...rejected.map(({ index }) => ({ position: position(index), outcome: 'rejected' as const })),
    ].sort((a, b) => a.position - b.position),
  };
}

function tally(outcomes: BatchRow['outcomes']) {
  const counted = { accepted: 0, duplicates: 0, versions: 0, corroborated: 0 };
  for (const [, outcome] of outcomes) {
    if (outcome === 'accepted') counted.accepted++;
    else if (outcome === 'corroborated') counted.corroborated++;
    else counted.duplicates++;
    if (outcome === 'version') counted.versions++;
  }
  return counted;
}

const domainOf = ({ domain }: Readonly<Record<string, unknown>>): string =>
  typeof domain === 'string' && domain.trim() !== '' ? domain.trim().slice(0, 128) : 'general';
