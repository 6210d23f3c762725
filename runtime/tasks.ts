/**
 * Tasks: the door to the outside world. A task is a row from the turn that started it until its first
 * result's turn (rule R7); it runs after its window has committed, at least once. Its id is the number of
 * the effect that started it: the same on every attempt.
 */
import type { Address } from '../protocol/address.ts';
import { decode, encode } from '../protocol/codec.ts';
import { BanyanError, toBanyanError } from '../protocol/errors.ts';
import { type EffectNumber, encodeRecord } from '../protocol/frame.ts';
import type { TaskContext, TaskHandler } from './define-actor.ts';
import { buckets, positionName } from './keys.ts';
import { partitionOfAddress } from './outbox.ts';
import type { Overlay } from './overlay.ts';
import type { Sender } from './sender.ts';

export interface TaskRow {
  readonly address: Address;
  readonly name: string;
  readonly input: unknown;
  /** `node.<id>` binds it to one machine; absent means wherever its partition is owned. */
  readonly pool?: string;
}

/** The rows of one partition; part of a turn's result. */
export class TaskRows {
  readonly #overlay: Overlay;
  readonly #bucket: string;
  #started: string[] = [];

  constructor(overlay: Overlay, partition: number) {
    this.#overlay = overlay;
    this.#bucket = buckets.tasks(partition);
  }

  /** Throws `message.too_large` and the like for an input that no result could carry back. */
  start(number: EffectNumber, row: TaskRow): void {
    const id = positionName(...number);
    // What no frame takes must fail here, in the turn, and not when the task has ended.
    encodeFailure(id, row, 'task.failed', LONGEST_ERROR);
    this.#overlay.put(this.#bucket, id, encode(row));
    this.#started.push(id);
  }

  /** Forgets an actor's tasks; the result of one that runs finds no row. */
  cancelAll(address: Address): void {
    for (const [id, row] of [...this.pending()])
      if (row.address === address) this.#overlay.delete(this.#bucket, id);
  }

  /** Removes and returns the row that a result belongs to; undefined for a second result. */
  take(id: string): TaskRow | undefined {
    const bytes = this.#overlay.get(this.#bucket, id);
    if (bytes === undefined) return undefined;
    this.#overlay.delete(this.#bucket, id);
    return decode(bytes) as TaskRow;
  }

  *pending(): Generator<[id: string, row: TaskRow]> {
    for (const [id, bytes] of this.#overlay.range(this.#bucket, {})) yield [id, decode(bytes) as TaskRow];
  }

  /** What the window started, without what a turn that threw had begun. Call after the window has committed. */
  drainStarted(): readonly [string, TaskRow][] {
    const started = this.#started;
    this.#started = [];
    return started.flatMap((id) => {
      // Decoded again: a task may change its input, which must not be a part of its actor's context.
      const bytes = this.#overlay.get(this.#bucket, id);
      return bytes === undefined ? [] : [[id, decode(bytes) as TaskRow] as [string, TaskRow]];
    });
  }
}

/** What running a task needs besides its handler. */
export interface TaskEnvironment {
  readonly node: string;
  readonly partitions: number;
  readonly content: TaskContext['content'];
  readonly folder?: TaskContext['folder'];
  readonly broker?: TaskContext['broker'];
  handler(address: Address, name: string): TaskHandler | undefined;
  ask: TaskContext['ask'];
}

const RUNNING_AT_ONCE = 8;
/** Of a failure's text: `start` has made sure that so much fits. */
const ERROR_CHARS = 1_000;
/** Three bytes of UTF-8 each. */
const LONGEST_ERROR = '\u2026'.repeat(ERROR_CHARS);

function encodeFailure(
  id: string,
  { address, name, input }: TaskRow,
  code: string,
  message: string,
): Uint8Array {
  const failed = { type: `${name}.failed`, input, error: { code, message } };
  return encodeRecord({ kind: 'task', to: address, message: failed, id });
}

/** A task may throw anything, also what cannot be shown. */
function asError(thrown: unknown): { code: string; message: string } {
  try {
    const { code, message } = toBanyanError(thrown);
    return { code, message: message.slice(0, ERROR_CHARS).toWellFormed() };
  } catch {
    return { code: 'task.failed', message: 'What the task threw cannot be shown.' };
  }
}

/** Runs a shard's tasks, a few at a time, in the order they were started. */
export class TaskRunner {
  readonly #environment: TaskEnvironment;
  readonly #sender: Sender;
  /** Waiting and running, by partition and id, with what aborts them. */
  readonly #known = new Map<string, Attempt>();
  readonly #queue: Attempt[] = [];
  readonly #running = new Set<Attempt>();
  #stopped = false;

  constructor(environment: TaskEnvironment, sender: Sender) {
    this.#environment = environment;
    this.#sender = sender;
  }

  /** Tasks that wait or run. */
  get size(): number {
    return this.#known.size;
  }

  /** Runs a task unless it is running already. One that is bound to another node waits for that node. */
  run(partition: number, id: string, row: TaskRow): void {
    if (row.pool !== undefined && row.pool !== `node.${this.#environment.node}`) return;
    const name = `${partition}:${id}`;
    if (this.#known.has(name) || this.#stopped) return;
    const attempt: Attempt = { name, partition, id, row, abort: new AbortController() };
    this.#known.set(name, attempt);
    this.#queue.push(attempt);
    this.#next();
  }

  /** Aborts a partition's tasks; its next owner runs them again. */
  forget(partition: number): void {
    for (const attempt of this.#known.values()) {
      if (attempt.partition !== partition) continue;
      attempt.abort.abort();
      this.#known.delete(attempt.name);
      // A handler that does not heed its signal must not keep others from running.
      this.#running.delete(attempt);
    }
    this.#next();
  }

  /** Aborts what runs. Its rows stay, so it runs again after the next start. */
  stop(): void {
    this.#stopped = true;
    for (const { abort } of this.#known.values()) abort.abort();
    this.#queue.length = 0;
  }

  #next(): void {
    while (this.#running.size < RUNNING_AT_ONCE && !this.#stopped) {
      const attempt = this.#queue.shift();
      if (attempt === undefined) return;
      if (attempt.abort.signal.aborted) continue;
      this.#running.add(attempt);
      void this.#attempt(attempt).finally(() => {
        this.#running.delete(attempt);
        this.#next();
      });
    }
  }

  async #attempt(attempt: Attempt): Promise<void> {
    const { name: known, partition, id, row, abort } = attempt;
    const { address, name, input } = row;
    let record: Uint8Array;
    try {
      const handler = this.#environment.handler(address, name);
      if (handler === undefined)
        throw new BanyanError('turn.task_unknown', { message: `No task '${name}' of ${address}.` });
      const output = await handler(input, this.#context(attempt));
      record = encodeRecord({
        kind: 'task',
        to: address,
        message: { type: `${name}.done`, input, output: output ?? null },
        id,
      });
    } catch (error) {
      const thrown = asError(error);
      // What a handler throws without a code is the handler's failure, not a fault of ours.
      const code = thrown.code === 'internal' ? 'task.failed' : thrown.code;
      record = encodeFailure(id, row, code, thrown.message);
    }
    // Stopping aborts handlers; what they throw then is not a result, the task runs again.
    if (abort.signal.aborted) return;
    this.#sender.send(partition, { record, partition, from: undefined }, () => this.#known.delete(known));
  }

  #context({ partition, id, row: { address }, abort }: Attempt): TaskContext {
    let told = 0;
    return {
      signal: abort.signal,
      idempotencyKey: `${partition}.${id}`,
      node: this.#environment.node,
      content: this.#environment.content,
      ...(this.#environment.folder === undefined ? {} : { folder: this.#environment.folder }),
      ...(this.#environment.broker === undefined ? {} : { broker: this.#environment.broker }),
      ask: this.#environment.ask,
      tell: async (to, message, options = {}) => {
        // A task that does not heed its signal tells nothing more: its next attempt does.
        abort.signal.throwIfAborted();
        const number = `${partition}.${id}#${told++}`;
        const replyTo = options.replyTo === undefined ? {} : { replyTo: { to: options.replyTo, id: number } };
        const record = encodeRecord({
          kind: 'tell',
          to: to as Address,
          message,
          sender: address,
          id: number,
          ...replyTo,
        });
        const destination = partitionOfAddress(to as Address, this.#environment.partitions);
        await new Promise<void>((resolve, reject) => {
          abort.signal.addEventListener('abort', () => reject(abort.signal.reason), { once: true });
          this.#sender.send(destination, { record, partition, from: undefined }, resolve);
        });
      },
    };
  }
}

/** One task that waits or runs. */
interface Attempt {
  readonly name: string;
  readonly partition: number;
  readonly id: string;
  readonly row: TaskRow;
  readonly abort: AbortController;
}
