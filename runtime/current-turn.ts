/**
 * The turn that is running on this thread. Turns are synchronous, so one variable is enough, and authors
 * need not thread a context object through guards, assigners and actions.
 */
import { BanyanError } from '../protocol/errors.ts';
import type { Address } from '../protocol/address.ts';
import type { StoredRow } from './stored-row.ts';
import type { KeyRange } from './table.ts';

/** Where the result of a call or submit goes. A plain value: it may be kept in a context or a row. */
export interface ReplyHandle {
  /** A NATS subject (for a call) or an actor's address (for `Banyan-Reply-To`). */
  readonly to: string;
  /** The id of the request, kept with the result for an hour. */
  readonly id: string;
  /** Whether the requester wants the answer of its call as JSON. */
  readonly json?: boolean;
}

/** One external action requested by a turn; performed only after the turn's window has committed. */
export type Effect =
  | { readonly kind: 'tell'; readonly to: Address; readonly message: { readonly type: string } }
  | { readonly kind: 'emit'; readonly name: string; readonly payload: object }
  | { readonly kind: 'reply'; readonly to: ReplyHandle; readonly value: unknown }
  | {
      readonly kind: 'schedule';
      readonly name: string;
      readonly delayMs: number;
      readonly message: { readonly type: string };
    }
  | { readonly kind: 'cancel'; readonly name: string }
  | { readonly kind: 'task'; readonly name: string; readonly input: unknown; readonly pool?: string }
  | { readonly kind: 'watch' | 'unwatch'; readonly target: Address };

/** Reads and writes the rows of the actor whose turn is running. Rows of older versions come as they are. */
export interface Rows {
  get(table: string, key: string): StoredRow | undefined;
  put(table: string, key: string, row: unknown, version: number): void;
  delete(table: string, key: string): void;
  range(table: string, range: KeyRange): Iterable<readonly [string, StoredRow]>;
}

/** Stored state of a version that this release cannot read: `snapshot.version` or `snapshot.migration`. */
export class UnreadableState extends BanyanError {}

/** What a running turn can see and do. Queries have one too, whose effects and writes are refused. */
export interface Turn {
  readonly self: Address;
  /** Milliseconds since the epoch: the greatest broker timestamp that this actor has seen (rule R16). */
  readonly now: number;
  /** Who sent the message: an actor's address, an outside sender's name, or undefined. */
  readonly sender: string | undefined;
  /** Stable over replays: `<partition>.<entry>.<index>`. */
  readonly messageId: string;
  readonly replyTo: ReplyHandle | undefined;
  /** Uniform in [0, 1), seeded from (actor, entry, index): the same on every replay. */
  random(): number;
  readonly rows: Rows;
  effect(effect: Effect): void;
  /** Throws it, and nothing of the turn counts, whatever the author's code makes of what is thrown. */
  abandon(error: UnreadableState): never;
  /** Tells the runtime that the turn itself will not answer its call. */
  deferReply(): void;
}

let running: Turn | undefined;

/** The running turn; throws `turn.outside` when there is none. */
export function currentTurn(): Turn {
  if (running === undefined) throw new BanyanError('turn.outside');
  return running;
}

/** Runs `body` as `turn`. Not re-entrant: a turn never runs inside another. */
export function withTurn<T>(turn: Turn, body: () => T): T {
  return runAs(turn, body);
}

/** Runs `body` as if no turn were running, for what an author gives us that must be pure. */
export function withoutTurn<T>(body: () => T): T {
  return runAs(undefined, body);
}

function runAs<T>(turn: Turn | undefined, body: () => T): T {
  const outer = running;
  running = turn;
  try {
    return body();
  } finally {
    running = outer;
  }
}
