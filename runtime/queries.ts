/** Queries: pure selectors over an actor's committed state. No turn, no log, nothing changes. */
import { LIMITS } from '../config/limits.ts';
import { encode } from '../protocol/codec.ts';
import { BanyanError } from '../protocol/errors.ts';
import { CommittedRows } from './actor-rows.ts';
import type { Cell } from './cells.ts';
import { type Turn, type UnreadableState, withTurn } from './current-turn.ts';
import type { Store } from './store.ts';

/**
 * Runs a query; the result survives msgpack. Throws `actor.unknown_query`, `query.invalid`, `query.failed`, and
 * `snapshot.version` or `snapshot.migration` for an actor or a row that this release cannot read.
 */
export function runQuery(cell: Cell, store: Store, query: string, input: Record<string, unknown>): unknown {
  const { definition, machine } = cell.kind;
  const declared = Object.hasOwn(definition.queries, query) ? definition.queries[query] : undefined;
  if (declared === undefined) {
    throw new BanyanError('actor.unknown_query', {
      message: `'${definition.kind}' answers no '${query.slice(0, 100)}'.`,
    });
  }
  const checked = checkedInput(declared, query, input);
  const select = (typeof declared === 'function' ? declared : declared.select) as (args: object) => unknown;
  if (cell.unreadable !== undefined) throw cell.unreadable;
  const turn = readOnlyTurn(cell, store);
  let value: unknown;
  try {
    value = withTurn(turn, () => {
      // An actor without a message yet answers from the state that its first one would find.
      const { context, value: state } = cell.snapshot ?? machine.initial({ key: cell.key }).snapshot;
      return select({ context, state, input: checked, now: cell.timeMs, key: cell.key });
    });
  } catch (cause) {
    if (turn.abandoned !== undefined) throw turn.abandoned;
    throw new BanyanError('query.failed', {
      message: `'${query}' threw: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    });
  }
  if (turn.abandoned !== undefined) throw turn.abandoned;
  value ??= null;
  const bytes = encode(value).byteLength;
  if (bytes > LIMITS.replyBytes)
    throw new BanyanError('reply.too_large', {
      message: `The answer has ${bytes} bytes (at most ${LIMITS.replyBytes}).`,
    });
  return value;
}

type Declared = Cell['kind']['definition']['queries'][string];

function checkedInput(declared: Declared, query: string, input: Record<string, unknown>): unknown {
  if (typeof declared === 'function') return input;
  const result = declared.input.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new BanyanError('query.invalid', {
    message: `'${query}': ${issue?.message}`,
    path: issue?.path.join('.') ?? '',
  });
}

function readOnlyTurn(cell: Cell, store: Store): Turn & { abandoned: UnreadableState | undefined } {
  const refuse = (): never => {
    throw new BanyanError('turn.outside', { message: 'A query has no effects and no randomness.' });
  };
  return {
    self: cell.address,
    now: cell.timeMs,
    sender: undefined,
    messageId: '',
    replyTo: undefined,
    rows: CommittedRows.of(store, cell.partition, cell.address),
    random: refuse,
    effect: refuse,
    deferReply: refuse,
    abandoned: undefined,
    abandon(error) {
      this.abandoned ??= error;
      throw error;
    },
  };
}
