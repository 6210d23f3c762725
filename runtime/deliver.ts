/**
 * Delivery: receive → turn → commit → effects. The file to read first.
 *
 * Entries of all partitions of a shard wait in one queue. A window takes what has arrived, turns it in
 * order, commits everything at once and only then lets effects leave. Turns are synchronous; nothing
 * else of the shard happens inside a window, so queries always see committed state.
 */
import { LIMITS } from '../config/limits.ts';
import type { Clock } from './clock.ts';
import type { LogEntry } from './log.ts';
import type { Overlay } from './overlay.ts';
import type { Answer, Partition } from './partition.ts';

/** What delivery needs of its shard. */
export interface DeliveryParts {
  readonly clock: Clock;
  readonly overlay: Overlay;
  /** False while too many effects wait for their acknowledgement (rule R10). */
  readonly mayTurn: () => boolean;
  /** The window with this partition's changes has committed. */
  readonly onCommitted: (partition: Partition, answers: readonly Answer[]) => void;
  /** A turn or the commit failed for a reason that is not the message's: nothing of the window was kept. */
  readonly onFault: (fault: unknown) => void;
  /** No turn is running. */
  readonly onIdle: () => void;
}

/** A window ends early after this, so that queries and acknowledgements are not kept waiting. */
const WINDOW_MS = 20;

export class Delivery {
  readonly #parts: DeliveryParts;
  #queue: { readonly partition: Partition; readonly entry: LogEntry }[] = [];
  #head = 0;
  #queuedBytes = 0;
  #scheduled = false;
  #stopped = false;
  #waiting: (() => void)[] = [];

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** How many entries wait. */
  get queued(): number {
    return this.#queue.length - this.#head;
  }

  /** Queues an entry; resolves when there is room for the next one. */
  receive(partition: Partition, entry: LogEntry): Promise<void> | undefined {
    if (this.#stopped) return undefined;
    this.#queue.push({ partition, entry });
    this.#queuedBytes += entry.data.byteLength;
    this.wake();
    if (this.#queuedBytes < LIMITS.windowBytes && this.queued < LIMITS.windowTurns) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Forgets the queued entries of a partition that is about to be read again. */
  forget(partition: Partition): void {
    this.#queue = this.#queue.slice(this.#head).filter((one) => one.partition !== partition);
    this.#head = 0;
    this.#queuedBytes = this.#queue.reduce((sum, { entry }) => sum + entry.data.byteLength, 0);
    this.#makeRoom();
  }

  /** Runs a window soon, if there is something to do. */
  wake(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    this.#parts.clock.soon(() => {
      this.#scheduled = false;
      if (!this.#stopped) this.#window();
    });
  }

  /** Finishes nothing: what was not committed is read again by the next owner. */
  stop(): void {
    this.#stopped = true;
    this.#queue = [];
    this.#head = 0;
    this.#makeRoom();
  }

  #window(): void {
    let turned: Set<Partition>;
    try {
      try {
        turned = this.#turn();
      } finally {
        // Before the commit: a slow disk is not the fault of the last message.
        this.#parts.onIdle();
      }
      this.#commit(turned);
    } catch (fault) {
      this.#parts.overlay.drop();
      this.stop();
      this.#parts.onFault(fault);
      return;
    }
    this.#effects(turned);
    this.#makeRoom();
    if (this.queued > 0 && this.#parts.mayTurn()) this.wake();
  }

  #turn(): Set<Partition> {
    const turned = new Set<Partition>();
    const endMs = this.#parts.clock.now() + WINDOW_MS;
    let messages = 0;
    while (this.queued > 0 && messages < LIMITS.windowTurns && this.#parts.mayTurn()) {
      const { partition, entry } = this.#take();
      const count = partition.apply(entry);
      if (count > 0) turned.add(partition);
      messages += count;
      if (this.#parts.clock.now() >= endMs) break;
    }
    return turned;
  }

  #commit(turned: ReadonlySet<Partition>): void {
    for (const partition of turned) partition.save();
    this.#parts.overlay.flush();
  }

  #effects(turned: ReadonlySet<Partition>): void {
    for (const partition of turned) this.#parts.onCommitted(partition, partition.release());
  }

  #take(): { partition: Partition; entry: LogEntry } {
    const next = this.#queue[this.#head++] as { partition: Partition; entry: LogEntry };
    this.#queuedBytes -= next.entry.data.byteLength;
    if (this.#head >= 1024) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return next;
  }

  #makeRoom(): void {
    if (this.#stopped || (this.#queuedBytes < LIMITS.windowBytes && this.queued < LIMITS.windowTurns)) {
      for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }
}
