/**
 * The second run of a turn, in a thread of its own: from decoded bytes, with modules that were loaded for
 * this only, other clocks, and the tables as the first run found them. What comes out must be the same.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Address } from '../protocol/address.ts';
import { decode, encode } from '../protocol/codec.ts';
import { BanyanError } from '../protocol/errors.ts';
import { checkMessage } from './check-message.ts';
import { type Difference, firstDifference } from './first-difference.ts';
import { makeImpurityVisible } from './impure-world.ts';
import type { Received } from './receive.ts';
import type { RowStep } from './record-rows.ts';
import { RepeatedRows } from './repeat-rows.ts';
import type { System } from './system.ts';
import { runTurn, type TurnResult } from './turn.ts';

/** What the thread is started with. */
export interface WorkerStart {
  /** A module whose default export is a system, or a function from `settings` to one (or a promise of it). */
  readonly appUrl: string;
  readonly settings: unknown;
}

/** The first run of a turn: everything it depended on, and what came out. */
export interface FirstRun {
  readonly check: number;
  readonly actor: Address;
  readonly kind: string;
  readonly key: string;
  readonly messageId: string;
  readonly nowMs: number;
  readonly message: Uint8Array;
  readonly before: Uint8Array | undefined;
  readonly steps: readonly RowStep[];
  /** The state after the turn, and its effects. */
  readonly after: Uint8Array;
  readonly effects: Uint8Array;
  readonly replyDeferred: boolean;
}

/** The verdict on a check; `failed` when it could not be made. */
export interface SecondRun {
  readonly check: number;
  readonly difference?: Difference;
  readonly failed?: string;
}

if (parentPort !== null) await serve(parentPort, workerData as WorkerStart);

async function serve(port: NonNullable<typeof parentPort>, { appUrl, settings }: WorkerStart): Promise<void> {
  const watch = makeImpurityVisible();
  const app: unknown = ((await import(appUrl)) as { default?: unknown }).default;
  const system = (await (typeof app === 'function'
    ? (app as (s: unknown) => unknown)(settings)
    : app)) as System;
  port.on('message', (first: FirstRun) => {
    const { check } = first;
    let reply: SecondRun;
    try {
      const difference = compare(system, first, (body) => watch.during(body));
      reply = difference === undefined ? { check } : { check, difference };
    } catch (error) {
      reply = { check, failed: error instanceof Error ? error.message : String(error) };
    }
    port.postMessage(reply);
  });
}

function compare(
  system: System,
  first: FirstRun,
  watched: (body: () => void) => string | undefined,
): Difference | undefined {
  const rows = new RepeatedRows(first.steps);
  const run = prepare(system, first, rows);
  let second: TurnResult | undefined;
  let thrown: unknown;
  const io = watched(() => {
    try {
      second = run();
    } catch (error) {
      thrown = error;
    }
  });
  if (io !== undefined) return { path: `io: ${io}`, first: '(was done)', second: '(was refused)' };
  if (second === undefined) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return rows.difference ?? { path: 'error', first: '(none)', second: message };
  }
  return (
    firstDifference(partsOf(first.after), partsOf(second.bytes)) ??
    firstDifference(decode(first.effects), decode(encode(second.effects)), 'effects') ??
    firstDifference(first.replyDeferred, second.replyDeferred, 'replyDeferred') ??
    rows.difference
  );
}

/** Everything that is not part of the turn happens before it. */
function prepare(system: System, first: FirstRun, rows: RepeatedRows): () => TurnResult {
  const kind = system.kinds.get(first.kind);
  if (kind === undefined) throw new BanyanError('actor.unknown_kind');
  const { definition, machine } = kind;
  const received = decode(first.message) as Received;
  const snapshot = first.before === undefined ? undefined : machine.decode(first.before).snapshot;
  return () =>
    runTurn({
      definition,
      machine,
      self: first.actor,
      key: first.key,
      snapshot,
      message: checkMessage(definition, received),
      nowMs: first.nowMs,
      sender: received.sender ?? undefined,
      messageId: first.messageId,
      replyTo: received.replyTo ?? undefined,
      rows,
    });
}

/** A stored state by the names of its parts. */
function partsOf(bytes: Uint8Array): object {
  const [version, now, status, state, context, history] = decode(bytes) as unknown[];
  return { context, state, status, history, now, version };
}
