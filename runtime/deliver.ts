/**
 * Delivery: receive → turn → commit → effects. The file to read first.
 *
 * Each partition has an inbox; partitions take turns. A window takes what has arrived, turns it in the order of
 * each partition's log, commits everything at once and only then lets effects leave. Turns are synchronous;
 * nothing else of the shard happens inside a window, so queries always see committed state.
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
  /** False while too many of a partition's rows wait for a checkpoint (rule R3). */
  readonly hasRoom: (partition: Partition) => boolean;
  /** The window with this partition's changes has committed. */
  readonly onCommitted: (partition: Partition, entryBytes: number, answers: readonly Answer[]) => void;
  /** A turn or the commit failed for a reason that is not the message's: nothing of the window was kept. */
  readonly onFault: (fault: unknown) => void;
  /** No turn is running. */
  readonly onIdle: () => void;
}

/** A window ends early after this, so that queries and acknowledgements are not kept waiting. */
const WINDOW_MS = 20;
/** It also ends after so many written bytes, which are in memory until it commits. */
const WINDOW_BYTES = LIMITS.turnBytes;

/** What waits for one partition. */
interface Inbox {
  readonly partition: Partition;
  readonly entries: LogEntry[];
}

/** What a window has done for one partition: bytes of the entries that it finished. */
type Turned = Map<Partition, number>;

export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #inboxes = new Map<Partition, Inbox>();
  /** Those with entries, the one whose turn it is first. */
  #queue: Inbox[] = [];
  #queued = 0;
  #queuedBytes = 0;
  #scheduled = false;
  #stopped = false;
  #waiting: (() => void)[] = [];

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** How many entries wait. */
  get queued(): number {
    return this.#queued;
  }

  /** Queues an entry; resolves when there is room for the next one. */
  receive(partition: Partition, entry: LogEntry): Promise<void> | undefined {
    if (this.#stopped) return undefined;
    let inbox = this.#inboxes.get(partition);
    if (inbox === undefined) this.#inboxes.set(partition, (inbox = { partition, entries: [] }));
    if (inbox.entries.length === 0) this.#queue.push(inbox);
    inbox.entries.push(entry);
    this.#queued++;
    this.#queuedBytes += entry.data.byteLength;
    this.wake();
    if (this.#hasRoom()) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Forgets the queued entries of a partition that is about to be read again, or by somebody else. */
  forget(partition: Partition): void {
    const inbox = this.#inboxes.get(partition);
    if (inbox === undefined) return;
    this.#inboxes.delete(partition);
    this.#queue = this.#queue.filter((one) => one !== inbox);
    this.#queued -= inbox.entries.length;
    for (const { data } of inbox.entries) this.#queuedBytes -= data.byteLength;
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
    this.#inboxes.clear();
    this.#queue = [];
    this.#queued = 0;
    this.#queuedBytes = 0;
    this.#makeRoom();
  }

  #window(): void {
    let turned: Turned;
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
    if (this.#canTurn()) this.wake();
  }

  #turn(): Turned {
    const { clock, overlay } = this.#parts;
    const turned: Turned = new Map();
    const endMs = clock.now() + WINDOW_MS;
    let messages = 0;
    const goOn = (more: number): boolean =>
      messages + more < LIMITS.windowTurns && overlay.bytes < WINDOW_BYTES && clock.now() < endMs;
    while (this.#canTurn()) {
      const inbox = this.#nextInbox();
      const entry = inbox.entries[0] as LogEntry;
      const applied = inbox.partition.apply(entry, goOn);
      const bytes = applied.done ? this.#finish(inbox, entry) : 0;
      turned.set(inbox.partition, (turned.get(inbox.partition) ?? 0) + bytes);
      messages += applied.messages;
      if (!goOn(0)) break;
    }
    return turned;
  }

  #commit(turned: Turned): void {
    for (const partition of turned.keys()) partition.save();
    this.#parts.overlay.flush();
  }

  #effects(turned: Turned): void {
    for (const [partition, bytes] of turned) this.#parts.onCommitted(partition, bytes, partition.release());
  }

  #canTurn(): boolean {
    return this.#parts.mayTurn() && this.#queue.some(({ partition }) => this.#parts.hasRoom(partition));
  }

  /** The first inbox whose partition has room; those before it wait in their place. */
  #nextInbox(): Inbox {
    return this.#queue.find(({ partition }) => this.#parts.hasRoom(partition)) as Inbox;
  }

  /** Takes a finished entry out; the next partition is next. */
  #finish(inbox: Inbox, entry: LogEntry): number {
    inbox.entries.shift();
    this.#queued--;
    this.#queuedBytes -= entry.data.byteLength;
    this.#queue.splice(this.#queue.indexOf(inbox), 1);
    if (inbox.entries.length > 0) this.#queue.push(inbox);
    return entry.data.byteLength;
  }

  #hasRoom(): boolean {
    return this.#queuedBytes < LIMITS.windowBytes && this.#queued < LIMITS.windowTurns;
  }

  #makeRoom(): void {
    if (this.#stopped || this.#hasRoom()) for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
