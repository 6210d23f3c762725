/** One run of `up`: its sources are handed over, and `--once` waits until everything has been decided. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { targetId } from '../../../actors/orchestrator/target-id.ts';
import { formatAddress } from '../../../protocol/address.ts';
import { BanyanError, toBanyanError } from '../../../protocol/errors.ts';
import type { BanyanClient } from '../../client/connect.ts';
import type { RunningNode } from '../../start-node.ts';
import type { Source } from './sources.ts';

const LOOK_MS = 150;
/** A moment without work may lie between two turns; so many in a row do not. */
const IDLE_LOOKS = 2;

const orchestrator = formatAddress('orchestrator', 'main');

export interface Collection {
  /** Tells this run from earlier ones: a target is collected once for each. */
  readonly run: string;
  readonly sources: readonly Source[];
  /** The log's entry that hands over the last source. */
  readonly entry: number;
}

/** How the collection of one source ended. */
export interface Settled {
  readonly location: string;
  readonly outcome: string;
  readonly reason: string | null;
}

/** Hands the sources over; each is due at once and free of quotas. */
export async function startCollection(node: RunningNode, sources: readonly Source[]): Promise<Collection> {
  const run = randomUUID();
  let entry = 0;
  for (const target of sources) {
    const message = { type: 'target.collect', target, run };
    entry = await node.tellInternal(orchestrator, message);
  }
  return { run, sources, entry };
}

/** Waits until every source of the run was collected, or given up. */
export async function collectionSettled(
  client: BanyanClient,
  { run, sources, entry }: Collection,
  signal: AbortSignal,
): Promise<Settled[]> {
  const settled: Settled[] = [];
  for (const source of sources) {
    for (;;) {
      const row = await patiently(() => targetRow(client, targetId(source), entry));
      if (row?.lastRun === run || row?.status === 'quarantined') {
        settled.push({
          location: source.location,
          outcome: row.lastOutcome ?? 'failed',
          reason: row.lastReason,
        });
        break;
      }
      await delay(LOOK_MS, undefined, { signal });
    }
  }
  return settled;
}

interface TargetRow {
  readonly status: string;
  readonly lastRun: string | null;
  readonly lastOutcome: string | null;
  readonly lastReason: string | null;
}

async function targetRow(client: BanyanClient, id: string, after: number): Promise<TargetRow | undefined> {
  return (await client.ask<TargetRow | null>(orchestrator, 'target', { id }, { after })).value ?? undefined;
}

/** Waits until nothing moves by itself: no message, effect or task is on its way. */
export async function idle(node: RunningNode, signal: AbortSignal): Promise<void> {
  for (let looks = 0; looks < IDLE_LOOKS;) {
    const work = await patiently(() => node.view.work());
    looks = work?.idle === true ? looks + 1 : 0;
    await delay(LOOK_MS, undefined, { signal });
  }
}

/** Looks for patterns, feeds what waits, has it judged, and publishes what passed. */
export async function finishPipeline(
  node: RunningNode,
  client: BanyanClient,
  signal: AbortSignal,
): Promise<void> {
  await idle(node, signal);
  await node.tellInternal('coordinator/main', { type: 'patterns.due' });
  await node.tellInternal('phoenix/main', { type: 'feed.now' });
  await idle(node, signal);
  const publish = { type: 'dataset.publish', reason: 'once' };
  await node.tellInternal('curator/main', publish);
  for (;;) {
    await idle(node, signal);
    const curator = await patiently(() =>
      client.ask<{ publishing: unknown }>(formatAddress('curator', 'main'), 'stats'),
    );
    // A publication that failed tries again by a timer.
    if (curator !== undefined && (curator.value.publishing ?? null) === null) return;
  }
}

/** Repeats what fails in a way that passes, until it succeeds; it must be harmless to repeat. */
export async function persistently<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      if (!toBanyanError(thrown).recoverable) throw thrown;
      await delay(LOOK_MS, undefined, { signal });
    }
  }
}

/** Undefined when it failed in a way that passes: a shard restarts, the broker comes back. */
async function patiently<T>(attempt: () => Promise<T>): Promise<T | undefined> {
  try {
    return await attempt();
  } catch (thrown) {
    const error = toBanyanError(thrown);
    if (error.recoverable || error.code === 'actor.not_found') return undefined;
    throw error;
  }
}

/** Throws `call.timeout` for a run that was told how long it may take. */
export function timedOut(timeoutMs: number): BanyanError {
  return new BanyanError('call.timeout', {
    message: `Not everything was decided within ${timeoutMs} ms.`,
    hint: 'Nothing is lost: start it again and it goes on where it was.',
  });
}
