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
  readonly #known = new Set<string>();
  readonly #queue: { partition: number; id: string; row: TaskRow }[] = [];
  readonly #stop = new AbortController();
  #running = 0;

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
    if (this.#known.has(name) || this.#stop.signal.aborted) return;
    this.#known.add(name);
    this.#queue.push({ partition, id, row });
    this.#next();
  }

  /** Aborts what runs. Its rows stay, so it runs again after the next start. */
  stop(): void {
    this.#stop.abort();
    this.#queue.length = 0;
  }

  #next(): void {
    while (this.#running < RUNNING_AT_ONCE) {
      const task = this.#queue.shift();
      if (task === undefined) return;
      this.#running++;
      void this.#attempt(task.partition, task.id, task.row).finally(() => {
        this.#running--;
        this.#next();
      });
    }
  }

  async #attempt(partition: number, id: string, row: TaskRow): Promise<void> {
    const { address, name, input } = row;
    let record: Uint8Array;
    try {
      const handler = this.#environment.handler(address, name);
      if (handler === undefined)
        throw new BanyanError('turn.task_unknown', { message: `No task '${name}' of ${address}.` });
      const output = await handler(input, this.#context(partition, id, address));
      record = encodeRecord({
        kind: 'task',
        to: address,
        message: { type: `${name}.done`, input, output: output ?? null },
        id,
      });
    } catch (error) {
      const known = asError(error);
      // What a handler throws without a code is the handler's failure, not a fault of ours.
      const code = known.code === 'internal' ? 'task.failed' : known.code;
      const { message } = known;
      record = encodeFailure(id, row, code, message);
    }
    // Stopping aborts handlers; what they throw then is not a result, the task runs again.
    if (this.#stop.signal.aborted) return;
    this.#sender.send(partition, { record, from: undefined }, () => this.#known.delete(`${partition}:${id}`));
  }

  #context(partition: number, id: string, address: Address): TaskContext {
    let told = 0;
    return {
      signal: this.#stop.signal,
      idempotencyKey: `${partition}.${id}`,
      node: this.#environment.node,
      content: this.#environment.content,
      ask: this.#environment.ask,
      tell: (to, message, options = {}) => {
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
        return new Promise((resolve) => this.#sender.send(destination, { record, from: undefined }, resolve));
      },
    };
  }
}
