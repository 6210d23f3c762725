/** Offers items to intake as any other system does: over NATS, repeating what was not acknowledged. */
import type { WireError } from '../../protocol/errors.ts';
import { intakeContract } from '../../actors/intake/contract.ts';
import { persistently } from '../cli/up/collection.ts';
import type { BanyanClient } from '../client/connect.ts';
import type { Offer } from './texts.ts';

/** What intake answered, added up over a sender's calls. */
export interface Tally {
  readonly accepted: number;
  readonly duplicates: number;
  readonly corroborated: number;
  readonly refusals: readonly Refusal[];
}
export type Refusal = Pick<WireError, 'code' | 'retryAfterMs' | 'hint'>;

interface Answer {
  readonly accepted: number;
  readonly duplicates: number;
  readonly corroborated: number;
  readonly rejected: readonly { readonly index: number; readonly error: Refusal }[];
}

export interface Submission {
  readonly client: BanyanClient;
  readonly node: string;
  readonly items: readonly Offer[];
  readonly signal: AbortSignal;
  /** Tells this submission's messages from others' of the same node. */
  readonly name?: string;
  readonly batchItems?: number;
  /** Told after each acknowledgement, with the items that it covers. */
  readonly onAcknowledged?: (items: number) => void;
  /** Waited for before each message. */
  readonly room?: () => Promise<void>;
}

const BATCH_ITEMS = 50;
/** A node that was killed never answers: soon enough the call is repeated under its id. */
const CALL_MS = 2_500;

export const NOTHING: Tally = { accepted: 0, duplicates: 0, corroborated: 0, refusals: [] };

/** Calls intake with one batch after the other; a call without an answer is repeated with the same id. */
export async function callIntake(submission: Submission): Promise<Tally> {
  const { client, node, signal, onAcknowledged } = submission;
  let tally = NOTHING;
  for (const { id, artifacts } of batchesOf(submission)) {
    const message = { type: 'artifact.submit', node, artifacts } as const;
    const options = { id, timeoutMs: CALL_MS };
    const { value } = await persistently(
      () => client.call<Answer>(intakeContract.at('main'), message, options),
      signal,
    );
    tally = plus(tally, {
      ...value,
      refusals: value.rejected.map(({ error }) => error),
    });
    onAcknowledged?.(artifacts.length);
  }
  return tally;
}

/**
 * Publishes to intake's mailbox; a message without the log's acknowledgement is published again with its number.
 * The log takes more than intake does, and nobody hears of what intake refuses: `room` keeps the pace.
 */
export async function publishToIntake(submission: Submission): Promise<void> {
  const { client, node, signal, onAcknowledged, room } = submission;
  let seq = 0;
  for (const { id, artifacts } of batchesOf(submission)) {
    const message = { type: 'artifact.submit', node, artifacts } as const;
    const options = { id, sender: node, seq: ++seq, timeoutMs: CALL_MS };
    await room?.();
    await persistently(() => client.tell(intakeContract.at('main'), message, options), signal);
    onAcknowledged?.(artifacts.length);
  }
}

export function plus(a: Tally, b: Tally): Tally {
  return {
    accepted: a.accepted + b.accepted,
    duplicates: a.duplicates + b.duplicates,
    corroborated: a.corroborated + b.corroborated,
    refusals: [...a.refusals, ...b.refusals],
  };
}

function* batchesOf({ node, name = 'items', items, batchItems = BATCH_ITEMS }: Submission) {
  for (let at = 0; at < items.length; at += batchItems) {
    yield { id: `${node}-${name}-${at}`, artifacts: [...items.slice(at, at + batchItems)] };
  }
}
