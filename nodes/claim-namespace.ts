/**
 * One node serves a namespace. Whoever starts looks for another one, and then claims the namespace by a
 * compare-and-swap on what it had seen before it looked: of several that start at once, one gets it. From before its
 * claim on a node answers whoever looks, so that nobody takes it for gone while it starts.
 */
import { type JetStreamManager, JetStreamApiError } from '@nats-io/jetstream';
import { type Msg, type NatsConnection, TimeoutError } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import { BanyanError } from '../protocol/errors.ts';
import type { Subjects } from '../protocol/subjects.ts';
import { asPortError, mayConflict } from '../runtime/jetstream-errors.ts';
import { respondError } from './respond.ts';

/** Another node answers its health within this, unless it is frozen; without one the broker says so at once. */
const OTHER_NODE_MS = 3_000;
const STREAM_NOT_FOUND = 10059;

interface Place {
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly subjects: Subjects;
}

/**
 * Resolves with the entry of the last claim, 0 when there is none, if no node answers. One that is there but does not
 * answer is taken to be frozen: its partitions are claimed, and it ends when it wakes. Throws `namespace.owned`.
 */
export async function lookForNode({ connection, jsm, subjects }: Place, log: Logger): Promise<number> {
  // In this order: a claim that is made after the first of them is lost to us, one before it answers the second.
  const { seq } = await lastClaim(jsm, subjects);
  try {
    await connection.request(subjects.sys('health'), new Uint8Array(), { timeout: OTHER_NODE_MS });
  } catch (error) {
    if (error instanceof TimeoutError)
      log.warn(
        { waitedMs: OTHER_NODE_MS },
        'Another node is there and does not answer; this one takes over.',
      );
    return seq;
  }
  throw new BanyanError('namespace.owned', {
    message: `Another node serves the namespace '${subjects.namespace}' on this broker.`,
  });
}

/**
 * Claims the namespace for this `run` of a node, if nobody has since `seen`. From then on requests for its health are
 * refused as those of a node that starts, until the result is called. Throws `namespace.owned`, and what the broker does.
 */
export async function claimNamespace(
  { connection, jsm, subjects }: Place,
  seen: number,
  run: string,
): Promise<() => void> {
  const decided = Promise.withResolvers<void>();
  // Also when the claim is lost: then another node has it.
  const refuse = new BanyanError('partition.unavailable', {
    message: 'The node is starting.',
    retryAfterMs: 500,
  });
  const answer = async (request: Msg): Promise<void> => {
    await decided.promise;
    respondError(request, refuse);
  };
  const answering = connection.subscribe(subjects.sys('health'), {
    callback: (error, request) => {
      if (error === null) void answer(request);
    },
  });
  try {
    // Nobody may see our claim and not reach us.
    await connection.flush();
    await claim({ connection, jsm, subjects }, seen, run);
  } catch (error) {
    answering.unsubscribe();
    throw error;
  } finally {
    decided.resolve();
  }
  return () => answering.unsubscribe();
}

async function claim({ jsm, subjects }: Place, seen: number, run: string): Promise<void> {
  try {
    await jsm.jetstream().publish(subjects.nodeClaim, run, { expect: { lastSubjectSequence: seen } });
  } catch (error) {
    if (!mayConflict(error)) throw asPortError(error);
    const last = await lastClaim(jsm, subjects);
    // An attempt whose answer was lost.
    if (last.run === run) return;
    if (last.seq === seen) throw asPortError(error);
    throw new BanyanError('namespace.owned', {
      message: `Another node has just claimed the namespace '${subjects.namespace}' on this broker.`,
    });
  }
}

async function lastClaim(jsm: JetStreamManager, subjects: Subjects): Promise<{ seq: number; run?: string }> {
  try {
    const last = await jsm.streams.getMessage(subjects.streams.state, { last_by_subj: subjects.nodeClaim });
    return last === null ? { seq: 0 } : { seq: last.seq, run: last.string() };
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return { seq: 0 };
    throw asPortError(error);
  }
}
