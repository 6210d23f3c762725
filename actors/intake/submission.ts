/**
 * One submission's way through intake: checked item by item, admitted by quota, offered to its collection's
 * coordinator, answered when every item is decided. Each function takes the context and returns the next one.
 */
import { BanyanError } from '../../protocol/errors.ts';
import { deferReply, messageId, now, task, tell } from '../../runtime/effects.ts';
import type { Artifact, OfferedArtifact, Outcome } from '../artifact.ts';
import { coordinatorContract } from '../coordinator/contract.ts';
import type { IntakeSettings } from '../settings.ts';
import { admit, checkItem, invalid, overloaded } from './admission.ts';
import type { Resolved, ResolveInput } from './content.task.ts';
import { excerptOf } from './excerpt.ts';
import { identityOf } from './identity.ts';
import { signatureOf } from '../text/index.ts';
import { settle, tally } from './settlement.ts';
import { type BatchRow, batches, contents, type Rejection, unresolved, unresolvedKey } from './tables.ts';
import { countRejected, type IntakeContext } from './totals.ts';

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
/** What an offered item takes besides its texts. */
const DESCRIBED_BYTES = 850;
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
    const error = overloaded(context.pending, settings);
    items.forEach((_, index) => rejected.push({ index, error }));
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
function process(
  batchKey: string,
  row: BatchRow,
  admitted: readonly Admitted[],
  settings: IntakeSettings,
): void {
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
    const artifact = {
      id,
      node: row.node,
      contentType,
      source,
      domain,
      excerpt,
      complete,
      contentBytes: bytes,
      signature: signatureOf(content),
      ...measures,
    };
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
export function resolved(
  context: IntakeContext,
  batchKey: string,
  items: readonly Resolved[],
): IntakeContext {
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
    const { id, excerpt, complete, signature, bytes } = item;
    if (!contents.has(id)) {
      contents.put(id, {
        contentType: rest.contentType,
        source: rest.source,
        node: row.node,
        bytes,
        content: null,
        ref,
      });
    }
    const domain = domainOf(rest.metadata);
    const metadata = { ...rest.metadata };
    offers.push({
      index: item.index,
      artifact: {
        ...rest,
        metadata,
        id,
        node: row.node,
        domain,
        excerpt,
        complete,
        signature,
        contentBytes: bytes,
      },
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
function offer(
  batchKey: string,
  collection: string,
  items: readonly { index: number; artifact: Artifact }[],
): void {
  const coordinator = coordinatorContract.at(collection);
  let part: (typeof items)[number][] = [];
  let bytes = 0;
  for (const item of items) {
    const { excerpt, source, metadata } = item.artifact;
    const itemBytes =
      DESCRIBED_BYTES +
      Buffer.byteLength(excerpt) +
      Buffer.byteLength(source) +
      Buffer.byteLength(JSON.stringify(metadata));
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

function reject(
  context: IntakeContext,
  batchKey: string,
  row: BatchRow,
  rejected: readonly Rejection[],
): IntakeContext {
  if (rejected.length === 0) return context;
  settle(batchKey, { ...row, open: row.open - rejected.length, rejected: [...row.rejected, ...rejected] });
  return countRejected({ ...context, pending: context.pending - rejected.length }, rejected);
}

const domainOf = ({ domain }: Readonly<Record<string, unknown>>): string =>
  typeof domain === 'string' && domain.trim() !== '' ? domain.trim().slice(0, 128) : 'general';
