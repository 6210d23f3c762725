/**
 * Workers: operating system processes that nodes supervise. They have no durable state and take no messages, but
 * actors can watch them, by an address of a reserved kind. Their nodes say through the log which incarnation of one
 * is up; hearing the same twice changes nothing.
 */
import { type Address, WORKER_KIND } from '../protocol/address.ts';
import { decode, encode } from '../protocol/codec.ts';
import type { DownReason } from '../protocol/down.ts';
import { down } from '../protocol/down.ts';
import { BanyanError } from '../protocol/errors.ts';
import { buckets } from './keys.ts';
import type { Overlay } from './overlay.ts';
import type { Received } from './receive.ts';
import type { Watches } from './watches.ts';

/** The incarnation that was heard of last. */
interface WorkerRow {
  readonly incarnation: string;
  readonly isUp: boolean;
}

const LOST: DownReason = { kind: 'error', message: 'Its node was lost, and the process with it.' };

export const isWorker = (address: Address): boolean => address.startsWith(`${WORKER_KIND}/`);

export class Workers {
  readonly #overlay: Overlay;
  readonly #bucket: string;
  readonly #watches: Watches;

  constructor(overlay: Overlay, partition: number, watches: Watches) {
    this.#overlay = overlay;
    this.#bucket = buckets.workers(partition);
    this.#watches = watches;
  }

  /** Why a worker is not there to be watched; undefined while it is up. */
  gone(address: Address): DownReason | undefined {
    return this.#read(address)?.isUp === true ? undefined : { kind: 'noproc' };
  }

  /** `worker.up {incarnation}` and `worker.down {incarnation, reason}`. Throws `message.unknown_type` and `message.invalid`. */
  obey({ to, message }: Received): void {
    const { type, incarnation, reason } = message;
    if (type !== 'worker.up' && type !== 'worker.down')
      throw new BanyanError('message.unknown_type', { message: `A worker takes no order '${type}'.` });
    if (typeof incarnation !== 'string') throw new BanyanError('message.invalid', { path: 'incarnation' });
    const before = this.#read(to);
    if (type === 'worker.up') {
      if (before?.incarnation === incarnation) return;
      if (before?.isUp === true) this.#watches.down(to, LOST);
      this.#write(to, { incarnation, isUp: true });
      return;
    }
    if (before?.incarnation !== incarnation || !before.isUp) return;
    const known = down.shape.reason.safeParse(reason);
    if (!known.success) throw new BanyanError('message.invalid', { path: 'reason' });
    this.#write(to, { incarnation, isUp: false });
    this.#watches.down(to, known.data);
  }

  #read(address: Address): WorkerRow | undefined {
    const bytes = this.#overlay.get(this.#bucket, address);
    return bytes === undefined ? undefined : (decode(bytes) as WorkerRow);
  }

  #write(address: Address, row: WorkerRow): void {
    this.#overlay.put(this.#bucket, address, encode(row));
  }
}
