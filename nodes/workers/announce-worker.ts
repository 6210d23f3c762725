/** Tells whoever watches a worker that it is up or down: as orders in the log, at the worker's address, in order. */
import { setTimeout as delay } from 'node:timers/promises';
import { workerAddress } from '../../protocol/address.ts';
import { toBanyanError } from '../../protocol/errors.ts';
import type { FrameRecord } from '../../protocol/frame.ts';
import type { ExitReason } from '../../supervisors/child-spec.ts';
import type { WorkerListener } from './worker-host.ts';

export interface AnnouncerParts {
  readonly node: string;
  /** Names this start of the node: the incarnations of another one are others. */
  readonly run: string;
  readonly append: (record: FrameRecord) => Promise<unknown>;
  readonly closed: () => boolean;
  /** What was not stored and never will be. */
  readonly onLost: (error: unknown) => void;
}

export interface WorkerAnnouncer extends WorkerListener {
  /** Resolves when everything so far is stored or lost, or the time is over. */
  settled(withinMs: number): Promise<void>;
}

const RETRY_MS = 200;

/** One after the other: a later fact must not overtake an earlier one while the broker is away. */
export function announceWorker(parts: AnnouncerParts): WorkerAnnouncer {
  const { node, run } = parts;
  let last: Promise<void> = Promise.resolve();
  const announce = (id: string, message: FrameRecord['message']): void => {
    const record: FrameRecord = { kind: 'control', to: workerAddress(node, id), message };
    last = last.then(() => untilStored(parts, record)).catch(parts.onLost);
  };
  return {
    onUp: (id, number) => announce(id, { type: 'worker.up', incarnation: `${run}.${number}` }),
    onDown: (id, number, reason) =>
      announce(id, { type: 'worker.down', incarnation: `${run}.${number}`, reason: wireReason(reason) }),
    settled: async (withinMs) => {
      const enough = new AbortController();
      const late = delay(withinMs, undefined, { ref: false, signal: enough.signal }).catch(() => undefined);
      await Promise.race([last, late]);
      enough.abort();
    },
  };
}

/** Whoever hears it twice does nothing twice: it names the incarnation. */
async function untilStored({ append, closed }: AnnouncerParts, record: FrameRecord): Promise<void> {
  for (;;) {
    try {
      await append(record);
      return;
    } catch (error) {
      if (!toBanyanError(error).recoverable || closed()) throw error;
      await delay(RETRY_MS);
    }
  }
}

/** Of an error's message, what a log entry needs. */
const MESSAGE_CHARS = 1_000;

function wireReason({ kind, error }: ExitReason): object {
  if (error === undefined) return { kind };
  const { code, message } = toBanyanError(error);
  return { kind, code, message: message.slice(0, MESSAGE_CHARS) };
}
