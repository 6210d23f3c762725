/**
 * Watches: who is told when somebody goes down. A watch is two rows that bear its number: one at the watcher, from
 * its turn to the `down`, and one at the target, put there by an order through the log. Going down turns each row at
 * the target into a record for its watcher, which counts only if it matches the watcher's row, and removes it: one
 * that was ended, made anew or told twice has no effect.
 */
import { LIMITS } from '../config/limits.ts';
import { type Address, isAddress, parseAddress } from '../protocol/address.ts';
import { decode, encode } from '../protocol/codec.ts';
import type { DownReason } from '../protocol/down.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { EffectNumber, FrameRecord } from '../protocol/frame.ts';
import type { Standing } from './cells.ts';
import { buckets } from './keys.ts';
import type { Overlay } from './overlay.ts';
import type { Received } from './receive.ts';

export interface WatchParts {
  readonly overlay: Overlay;
  readonly partition: number;
  /** Sends a record as an effect of the message that is being applied. */
  readonly send: (record: Omit<FrameRecord, 'from' | 'kind'>, kind: 'control' | 'down') => void;
}

/** Of a reason; what was thrown may be of any length. */
const REASON_CHARS = 1_000;

/** The watches of one partition, and those of its actors and workers. */
export class Watches {
  readonly #overlay: Overlay;
  readonly #partition: number;
  readonly #send: WatchParts['send'];

  constructor({ overlay, partition, send }: WatchParts) {
    this.#overlay = overlay;
    this.#partition = partition;
    this.#send = send;
  }

  /** The order that begins a watch; undefined if there is one. Throws `address.invalid`. */
  begin(watcher: Address, target: Address, number: EffectNumber): WatchOrder | undefined {
    parseAddress(target);
    const bucket = buckets.watching(this.#partition, watcher);
    if (this.#overlay.get(bucket, target) !== undefined) return undefined;
    const id = number.join('.');
    this.#overlay.put(bucket, target, encode(id));
    return orderOf('watch', watcher, target, id);
  }

  /** The order that ends a watch; undefined if there is none. Throws `address.invalid`. */
  end(watcher: Address, target: Address): WatchOrder | undefined {
    parseAddress(target);
    const id = this.#take(buckets.watching(this.#partition, watcher), target);
    return id === undefined ? undefined : orderOf('unwatch', watcher, target, id);
  }

  /** Throws `turn.limit`. */
  checkLimit(watcher: Address): void {
    const watching = this.#overlay.range(buckets.watching(this.#partition, watcher), {
      limit: LIMITS.watchesPerActor + 1,
    });
    if ([...watching].length > LIMITS.watchesPerActor)
      throw new BanyanError('turn.limit', {
        message: `An actor watches at most ${LIMITS.watchesPerActor} others.`,
      });
  }

  /** Whether a `down` is that of a watch; if so, the watch is over. */
  isOver({ to, message, id }: Received): boolean {
    const bucket = buckets.watching(this.#partition, to);
    const target = message['address'] as Address;
    if (this.#read(bucket, target) !== id) return false;
    this.#overlay.delete(bucket, target);
    return true;
  }

  /** Tells everybody who watches `target`; nobody watches it any more. */
  down(target: Address, reason: DownReason): void {
    const bucket = buckets.watchers(this.#partition, target);
    for (const [watcher, id] of this.#rows(bucket)) {
      this.#overlay.delete(bucket, watcher);
      this.#tell(watcher, target, id, reason);
    }
  }

  /** Ends whatever `watcher` watches: it takes no more messages, or begins anew. */
  leave(watcher: Address): void {
    const bucket = buckets.watching(this.#partition, watcher);
    for (const [target, id] of this.#rows(bucket)) {
      this.#overlay.delete(bucket, target);
      this.#send(orderOf('unwatch', watcher, target, id), 'control');
    }
  }

  /**
   * Carries out an order to `to`, which is gone for `gone`, or is up. A watcher never waits for an answer that does
   * not come: a verdict on its order is one.
   */
  obey({ to, message, sender, id }: Received, gone: DownReason | undefined): void {
    if (sender === undefined || !isAddress(sender) || id === undefined)
      throw new BanyanError('message.invalid', { message: `Nobody has sent the order '${message.type}'.` });
    const bucket = buckets.watchers(this.#partition, to);
    if (message.type === 'unwatch') {
      if (this.#read(bucket, sender) === id) this.#overlay.delete(bucket, sender);
      return;
    }
    const reason = gone ?? (this.#isFull(bucket, sender) ? TOO_MANY : undefined);
    if (reason === undefined) this.#overlay.put(bucket, sender, encode(id));
    else this.#tell(sender, to, id, reason);
  }

  #tell(watcher: Address, target: Address, id: string, reason: DownReason): void {
    const { message } = reason;
    const bounded = message === undefined ? {} : { message: message.slice(0, REASON_CHARS).toWellFormed() };
    const down = { type: 'down', address: target, reason: { ...reason, ...bounded } };
    this.#send({ to: watcher, message: down, sender: target, id }, 'down');
  }

  #isFull(bucket: string, watcher: Address): boolean {
    const others = [...this.#overlay.range(bucket, { limit: LIMITS.watchersPerActor })];
    return others.length === LIMITS.watchersPerActor && this.#read(bucket, watcher) === undefined;
  }

  #rows(bucket: string): [address: Address, id: string][] {
    return [...this.#overlay.range(bucket, {})].map(([name, id]) => [name as Address, decode(id) as string]);
  }

  #read(bucket: string, name: Address): string | undefined {
    const id = this.#overlay.get(bucket, name);
    return id === undefined ? undefined : (decode(id) as string);
  }

  #take(bucket: string, name: Address): string | undefined {
    const id = this.#read(bucket, name);
    if (id !== undefined) this.#overlay.delete(bucket, name);
    return id;
  }
}

type WatchOrder = Omit<FrameRecord, 'from' | 'kind'>;

function orderOf(type: 'watch' | 'unwatch', watcher: Address, target: Address, id: string): WatchOrder {
  return { to: target, message: { type }, sender: watcher, id };
}

const TOO_MANY: DownReason = {
  kind: 'error',
  code: 'watch.limit',
  message: `At most ${LIMITS.watchersPerActor} actors watch one.`,
};

/** Why an actor in this standing is not there to be watched; undefined while it is. */
export function goneBy(standing: Standing | undefined): DownReason | undefined {
  if (standing?.status === 'ended') return { kind: 'noproc' };
  if (standing?.status !== 'failed' && standing?.status !== 'quarantined') return undefined;
  const { code, reason } = standing;
  return { kind: 'error', ...(code === undefined ? {} : { code }), message: reason };
}
