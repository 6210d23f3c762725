/** The turns of one partition: what a turn writes and wants is kept as a whole, or undone (I2). */
import { LIMITS } from '../config/limits.ts';
import type { Address } from '../protocol/address.ts';
import { encode } from '../protocol/codec.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { Cell, Cells } from './cells.ts';
import { checkMessage } from './check-message.ts';
import { UnreadableState } from './current-turn.ts';
import type { EffectNumbers } from './effect-numbers.ts';
import { environmentFaultOf } from './environment-fault.ts';
import { type Answer, type EffectPlaces, prepareEffects } from './keep-effects.ts';
import { buckets } from './keys.ts';
import type { Overlay } from './overlay.ts';
import type { Quarantine } from './quarantine.ts';
import type { Received } from './receive.ts';
import { RecordingRows, type RowStep } from './record-rows.ts';
import { messageOf } from './thrown-message.ts';
import { runTurn, type TurnResult } from './turn.ts';

/** Who watches turns, before their changes are kept. */
export interface TurnObserver {
  /** May throw to refuse a turn. For the determinism check. */
  readonly onTurn?: (turn: ObservedTurn) => void;
  /** Which turns `onTurn` sees, asked before each: observing one costs as much as the turn. Default: all. */
  readonly sampler?: (address: Address, type: string) => boolean;
}

/** A turn as an observer sees it: enough to run it again elsewhere. */
export interface ObservedTurn {
  readonly cell: Cell;
  readonly message: Received;
  /** `message` encoded before the turn, which may have changed the live one. */
  readonly messageBytes: Uint8Array;
  readonly messageId: string;
  readonly nowMs: number;
  /** The actor's stored state; undefined before its first message. */
  readonly before: Uint8Array | undefined;
  /** What the turn read and wrote of its tables; undefined when that is too much to keep. */
  readonly steps: readonly RowStep[] | undefined;
  readonly result: TurnResult;
}

export interface TurnsParts extends TurnObserver {
  readonly partition: number;
  readonly overlay: Overlay;
  readonly cells: Cells;
  readonly places: EffectPlaces;
  readonly numbers: EffectNumbers;
  readonly quarantine: Quarantine;
  readonly answer: (answer: Answer) => void;
}

export class Turns {
  readonly #parts: TurnsParts;

  constructor(parts: TurnsParts) {
    this.#parts = parts;
  }

  /** Throws what the turn or its check did; then nothing of it was kept but the count of its failures. */
  take(cell: Cell, received: Received, timeMs: number): void {
    const { partition, overlay, cells, places, numbers, quarantine, onTurn, sampler } = this.#parts;
    const { definition, machine } = cell.kind;
    const messageId = numbers.messageId(partition);
    const nowMs = Math.max(cell.timeMs, timeMs);
    let message: { type: string } | undefined;
    overlay.mark();
    try {
      message = checkMessage(definition, received);
      const watched = onTurn !== undefined && (sampler === undefined || sampler(cell.address, message.type));
      const seen = watched ? this.#beforeTurn(cell, received) : undefined;
      const result = runTurn({
        definition,
        machine,
        self: cell.address,
        key: cell.key,
        snapshot: cell.snapshot,
        message,
        nowMs,
        sender: received.sender,
        messageId,
        replyTo: received.replyTo,
        rows: seen?.rows ?? cell.rows,
      });
      if (seen !== undefined) {
        const { rows, before, messageBytes } = seen;
        onTurn?.({
          cell,
          message: received,
          messageBytes,
          messageId,
          nowMs,
          before,
          steps: rows.steps,
          result,
        });
      }
      this.#keep(cell, received, nowMs, result);
      cells.save(cell, result.snapshot, result.bytes, nowMs);
      if (result.snapshot.status === 'done') {
        const reason = 'The machine reached its final state.';
        cells.stand(cell, { status: 'ended', reason, parked: 0 }, 0);
        places.watches.down(cell.address, { kind: 'normal' });
        places.watches.leave(cell.address);
      } else if (cell.failures > 0) cells.stand(cell, cell.standing, 0);
    } catch (error) {
      overlay.rollback();
      cells.restart(cell.address);
      const known =
        error instanceof BanyanError
          ? error
          : new BanyanError('turn.failed', { message: messageOf(error), cause: error });
      const isOwn = message !== undefined && !(error instanceof UnreadableState);
      if (isOwn && environmentFaultOf(known) === undefined) quarantine.failed(cell.address, known);
      throw known;
    }
  }

  /** What an observer needs that the turn would change. */
  #beforeTurn(cell: Cell, received: Received) {
    return {
      rows: new RecordingRows(cell.rows),
      before: this.#parts.overlay.get(buckets.actors(this.#parts.partition), cell.address),
      messageBytes: encode(received),
    };
  }

  #keep(cell: Cell, received: Received, nowMs: number, result: TurnResult): void {
    const { overlay, places, numbers, answer } = this.#parts;
    const before = numbers.made;
    const turn = { self: cell.address, received, nowMs, result };
    const { prepared, answers } = prepareEffects(places, turn, () => numbers.next());
    numbers.useOne(before);
    const bytes = prepared.reduce((sum, one) => sum + one.bytes, overlay.bytesSinceMark);
    if (bytes + result.bytes.byteLength > LIMITS.turnBytes) {
      throw new BanyanError('turn.limit', {
        message: `A turn writes and sends ${bytes + result.bytes.byteLength} bytes (at most ${LIMITS.turnBytes}).`,
      });
    }
    for (const effect of prepared) places.outbox.add(effect);
    for (const one of answers) answer(one);
  }
}
