/** Orders to an actor that come through the log: pause, resume, kill, delete. Each is an entry, so a replay obeys it too. */
import type { Overlay } from './overlay.ts';
import { BanyanError } from '../protocol/errors.ts';
import { type Cell, type Cells, failedBy, type Standing } from './cells.ts';
import { UnreadableState } from './current-turn.ts';
import { buckets } from './keys.ts';
import type { Parked } from './parked.ts';
import type { Quarantine } from './quarantine.ts';
import type { Received } from './receive.ts';
import type { TaskRows } from './tasks.ts';
import type { TimerRows } from './timers.ts';
import type { Watches } from './watches.ts';

export type Order = 'pause' | 'resume' | 'kill' | 'delete';

/** Where the delete stands in the log that this order continues; undefined for one that begins. */
export function continued({ message }: Received): string | undefined {
  return message.type === 'delete' && typeof message['before'] === 'string' ? message['before'] : undefined;
}

interface OrderParts {
  readonly cell: Cell;
  readonly received: Received;
  readonly cells: Cells;
  readonly overlay: Overlay;
  readonly parked: Parked;
  readonly timers: TimerRows;
  readonly tasks: TaskRows;
  readonly watches: Watches;
  readonly quarantine: Quarantine;
  readonly partition: number;
  /** The order's own place in the log, or that of the delete it continues: what it deletes was there before. */
  readonly before: string;
  /** Sends another order to the same actor. */
  readonly tell: (message: {
    readonly type: Order;
    readonly before?: string;
    readonly alone?: boolean;
    readonly goesOn?: true;
  }) => void;
  /** The actor was killed. */
  readonly killed: () => void;
  /** The order is to be skipped, because no shard survives it (rule R8). */
  readonly verdict: BanyanError | undefined;
  readonly turn: (received: Received, timeMs: number) => void;
}

/** Parked messages turned by one order; more continue with the next, so no entry takes for ever. */
const RESUMED_AT_ONCE = 256;
/** Rows deleted by one order. */
const DELETED_AT_ONCE = 5_000;

/** Carries an order out. Throws `message.unknown_type` for one that this release does not know. */
export function obey(parts: OrderParts): void {
  const { cell, cells, received, verdict } = parts;
  if (verdict !== undefined && received.message.type !== 'resume') throw verdict;
  switch (received.message.type) {
    case 'pause': {
      if (cell.standing === undefined) {
        cells.stand(cell, { status: 'paused', reason: reasonOf(received), parked: 0 });
      }
      return;
    }
    case 'resume':
      if (cell.unreadable !== undefined) throw cell.unreadable;
      if (mayResume(parts)) resume(parts);
      return;
    case 'kill':
      cells.restart(cell.address);
      parts.watches.down(cell.address, { kind: 'killed' });
      parts.killed();
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

/** What was only to go on has nothing to do once the actor has failed meanwhile: somebody has to look at it. */
function mayResume({ cell: { standing }, received: { message } }: OrderParts): boolean {
  if (standing === undefined || standing.reason.startsWith(DELETING)) return false;
  return message['goesOn'] !== true || standing.status === 'resuming' || standing.status === 'ended';
}

/**
 * Turns parked messages in order. Until the last one is turned, new messages still queue behind them. A
 * parked message that throws becomes a dead letter by the caller, so it is taken alone by its own order; one
 * whose turn meets a row that cannot be read waits on, before the others.
 *
 * A verdict on an order that turned many names none of them: they are turned again, each by an order of its
 * own, and a verdict on such an order is its message's.
 */
function resume(parts: OrderParts): void {
  const { cell, received, cells, parked, watches, quarantine, tell, turn, verdict } = parts;
  const isAlone = received.message['alone'] === true;
  const begun = cell.standing as Standing;
  if (begun.status !== 'ended') cells.stand(cell, { status: 'resuming', reason: '', parked: begun.parked });
  if (verdict !== undefined && !isAlone) {
    tell({ type: 'resume', alone: true, goesOn: true });
    return;
  }
  const atOnce = isAlone ? 1 : RESUMED_AT_ONCE;
  const waiting = parked.oldest(cell.address, atOnce + 1);
  let parkedLeft = begun.parked;
  const goOn = (turned: number): void => {
    const more = turned < waiting.length;
    const after = reload(cells, cell);
    if (after.standing?.status === 'quarantined') {
      cells.stand(after, { ...after.standing, parked: parkedLeft });
      return;
    }
    if (after.standing?.status === 'ended') {
      // What waits behind the end becomes dead letters, one by one.
      cells.stand(after, { ...after.standing, parked: more ? parkedLeft : 0 });
    } else {
      cells.stand(after, more ? { status: 'resuming', reason: '', parked: parkedLeft } : undefined);
    }
    if (more) tell({ type: 'resume', ...(isAlone ? { alone: true } : {}), goesOn: true });
  };
  const next = waiting.slice(0, atOnce);
  for (const [place, message] of next.entries()) {
    const ended = cells.peek(cell.address)?.standing?.status === 'ended';
    const take = (): void => {
      parked.remove(cell.address, message.name);
      parkedLeft--;
    };
    try {
      if (ended) throw new BanyanError('actor.ended');
      if (verdict !== undefined) {
        quarantine.failed(cell.address, verdict);
        throw verdict;
      }
      turn(message.received, message.timeMs);
      take();
    } catch (error) {
      if (error instanceof UnreadableState) {
        const after = reload(cells, cell);
        cells.stand(after, { ...failedBy(error, after.standing), parked: parkedLeft });
        watches.down(cell.address, { kind: 'error', code: error.code, message: error.message });
        return;
      }
      take();
      // The rest stays parked, in order; this one is the caller's dead letter.
      goOn(place + 1);
      throw new ParkedFailure(message.received, error);
    }
  }
  goOn(next.length);
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

/**
 * Forgets an actor: its next message finds it new. Parked messages, timers and tasks go with it. What comes
 * while a large one is being deleted waits, and is not deleted.
 */
function remove(parts: OrderParts): void {
  const { cell, cells, received, overlay, timers, tasks, watches, partition, before, tell } = parts;
  const { address, standing } = cell;
  let came = 0;
  if (continued(received) === undefined) {
    watches.down(address, { kind: 'shutdown' });
    watches.leave(address);
  } else {
    // Another delete has begun after the one that this continues.
    if (standing?.reason !== deletingSince(before)) return;
    came = standing.parked;
  }
  let left = DELETED_AT_ONCE;
  tasks.cancelAll(address);
  for (const [name] of [...overlay.range(buckets.timers(partition, address), { limit: left })]) {
    timers.cancel(address, name);
    left--;
  }
  const parked = buckets.parked(partition, address);
  for (const [name] of [...overlay.range(parked, { limit: left, lt: before })]) {
    overlay.delete(parked, name);
    left--;
  }
  for (const table of Object.keys(cell.kind.definition.tables ?? {})) {
    const bucket = buckets.rows(partition, address, table);
    for (const [name] of [...overlay.range(bucket, { limit: left })]) {
      cell.rows.forget(table, name);
      left--;
    }
  }
  overlay.delete(buckets.actors(partition), address);
  overlay.delete(buckets.status(partition), address);
  cells.forget(address);
  if (left > 0 && came === 0) return;
  cells.stand(cells.load(address, partition), {
    status: 'resuming',
    reason: left > 0 ? '' : deletingSince(before),
    parked: came,
  });
  tell(left > 0 ? { type: 'resume', goesOn: true } : { type: 'delete', before });
}

const DELETING = 'It is being deleted since';
const deletingSince = (before: string): string => `${DELETING} ${before}.`;

function reasonOf({ message }: Received): string {
  return typeof message['reason'] === 'string' ? message['reason'] : 'paused by an operator';
}
