/** Orders to an actor that come through the log: pause, resume, delete. Each is an entry, so a replay obeys it too. */
import type { Overlay } from './overlay.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { Cell, Cells } from './cells.ts';
import { buckets } from './keys.ts';
import type { Parked } from './parked.ts';
import type { Received } from './receive.ts';
import type { TimerRows } from './timers.ts';

export type Order = 'pause' | 'resume' | 'delete';

interface OrderParts {
  readonly cell: Cell;
  readonly received: Received;
  readonly cells: Cells;
  readonly overlay: Overlay;
  readonly parked: Parked;
  readonly timers: TimerRows;
  readonly partition: number;
  /** Sends another order to the same actor. */
  readonly tell: (message: { readonly type: Order }) => void;
  readonly turn: (received: Received, timeMs: number) => void;
}

/** Parked messages turned by one order; more continue with the next, so no entry takes for ever. */
const RESUMED_AT_ONCE = 256;
/** Rows deleted by one order. */
const DELETED_AT_ONCE = 5_000;

/** Carries an order out. Throws `message.unknown_type` for one that this release does not know. */
export function obey(parts: OrderParts): void {
  const { cell, cells, received } = parts;
  switch (received.message.type) {
    case 'pause': {
      if (cell.standing === undefined) {
        cells.stand(cell, { status: 'paused', reason: reasonOf(received), parked: 0 });
      }
      return;
    }
    case 'resume':
      if (cell.unreadable)
        throw new BanyanError('snapshot.version', { message: cell.standing?.reason ?? '' });
      if (cell.standing !== undefined && cell.standing.status !== 'ended') resume(parts);
      return;
    case 'delete':
      remove(parts);
      return;
    default:
      throw new BanyanError('message.unknown_type', {
        message: `There is no order '${received.message.type}'.`,
      });
  }
}

/**
 * Turns parked messages in order. Until the last one is turned, new messages still queue behind them. A
 * parked message that throws becomes a dead letter by the caller, so it is taken alone by its own order.
 */
function resume({ cell, cells, parked, tell, turn }: OrderParts): void {
  const waiting = parked.oldest(cell.address, RESUMED_AT_ONCE + 1);
  const next = waiting.slice(0, RESUMED_AT_ONCE);
  let left = cell.standing?.parked ?? 0;
  for (const message of next) {
    parked.remove(cell.address, message.name);
    left--;
    try {
      turn(message.received, message.timeMs);
    } catch (error) {
      // The rest stays parked, in order; this one is the caller's dead letter.
      cells.stand(
        reload(cells, cell),
        waiting.length > 1 ? { status: 'resuming', reason: '', parked: left } : undefined,
      );
      if (left > 0) tell({ type: 'resume' });
      throw new ParkedFailure(message.received, error);
    }
    if (cells.peek(cell.address)?.standing?.status === 'ended') break;
  }
  const after = reload(cells, cell);
  if (after.standing?.status === 'ended') return;
  if (waiting.length > next.length) {
    cells.stand(after, { status: 'resuming', reason: '', parked: left });
    tell({ type: 'resume' });
  } else {
    cells.stand(after, undefined);
  }
}

/** A turn that threw dropped its cell; the standing belongs to the fresh one. */
const reload = (cells: Cells, cell: Cell): Cell => cells.load(cell.address, cell.partition);

/** A parked message's turn threw: the dead letter is that message's, not the order's. */
export class ParkedFailure extends Error {
  readonly received: Received;

  constructor(received: Received, cause: unknown) {
    super('a parked message threw', { cause });
    this.received = received;
  }
}

/** Forgets an actor: its next message finds it new. Parked messages go with it. */
function remove({ cell, cells, overlay, timers, partition, tell }: OrderParts): void {
  const { address } = cell;
  let left = DELETED_AT_ONCE;
  for (const [name] of [...overlay.range(buckets.timers(partition, address), { limit: left })]) {
    timers.cancel(address, name);
    left--;
  }
  const parked = buckets.parked(partition, address);
  for (const [name] of [...overlay.range(parked, { limit: left })]) {
    overlay.delete(parked, name);
    left--;
  }
  for (const table of Object.keys(cell.kind.definition.tables ?? {})) {
    const bucket = buckets.rows(partition, address, table);
    for (const [name] of [...overlay.range(bucket, { limit: left })]) {
      overlay.delete(bucket, name);
      left--;
    }
  }
  overlay.delete(buckets.actors(partition), address);
  overlay.delete(buckets.status(partition), address);
  cells.forget(address);
  if (left <= 0) tell({ type: 'delete' });
}

function reasonOf({ message }: Received): string {
  return typeof message['reason'] === 'string' ? message['reason'] : 'paused by an operator';
}
