/** What reaches the model's supervisors, and where it waits. */
import type { ModelChild, Retry } from './model-child.ts';
import type { Ended, Report } from './model-process.ts';
import type { ScheduledChild } from './schedule.ts';

export type Answer =
  | 'ok'
  | 'error'
  | 'gone'
  | 'not_found'
  | 'running'
  | 'restarting'
  | 'already_present'
  | 'already_started'
  | 'simple_one_for_one';

export type Request =
  | { readonly type: 'start'; readonly child: ScheduledChild }
  | { readonly type: 'terminate' | 'restart' | 'delete'; readonly id: string };

export type Call = Request & { readonly answer: (answer: Answer) => void };

export type Message =
  | { readonly type: 'report'; readonly child: ModelChild; readonly report: Report }
  | { readonly type: 'retry'; readonly child: ModelChild; readonly retry: Retry }
  | { readonly type: 'call'; readonly call: Call };

/** Something that waits for a child's report whenever it yields that child. */
export type Work<T = void> = Generator<ModelChild, T, Report>;

/** Thrown by whatever ends the supervisor. */
export class End extends Error {
  readonly ended: Ended;
  constructor(ended: Ended) {
    super(ended.kind);
    this.ended = ended;
  }
}

/** A mailbox, and what is being done about the message that was taken from it last. */
export class Lane {
  readonly mailbox: Message[] = [];
  /** Under way. */
  call: Call | undefined;
  awaits: ModelChild | undefined;
  #work: Work | undefined;
  readonly #handle: (message: Message) => Work;
  readonly #end: (ended: Ended) => void;

  constructor(handle: (message: Message) => Work, end: (ended: Ended) => void) {
    this.#handle = handle;
    this.#end = end;
  }

  /** Takes work that no message asked for. */
  begin(work: Work): void {
    this.#work = work;
    this.#goOn();
  }

  /** A report that is waited for goes on with the work; all else has its turn. */
  deliver(message: Message): void {
    if (message.type === 'report' && this.awaits === message.child) return this.#goOn(message.report);
    this.mailbox.push(message);
    if (this.#work === undefined) this.#takeNext();
  }

  #goOn(report?: Report): void {
    if (this.#step(report)) this.#takeNext();
  }

  #takeNext(): void {
    while (this.#work === undefined) {
      const message = this.mailbox.shift();
      if (message === undefined) return;
      this.call = message.type === 'call' ? message.call : undefined;
      this.#work = this.#handle(message);
      if (!this.#step()) return;
    }
  }

  /** Works until it has to wait; says whether it goes on. */
  #step(report?: Report): boolean {
    try {
      // Work that begins takes no report.
      const result = this.#work?.next(report as Report);
      const isDone = result === undefined || result.done === true;
      this.awaits = isDone ? undefined : result.value;
      if (isDone) this.#work = this.call = undefined;
      return true;
    } catch (error) {
      if (!(error instanceof End)) throw error;
      this.#end(error.ended);
      return false;
    }
  }
}

/** The child that a message is about. */
export function idOf(message: Message): string {
  if (message.type !== 'call') return message.child.spec.id;
  return message.call.type === 'start' ? message.call.child.id : message.call.id;
}
