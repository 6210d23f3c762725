/**
 * One incarnation of a worker: its process, from spawn to exit. It says why it ended, whoever ended it: itself, its
 * node, the system, or a crash of native code.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { TransientFault } from '../../protocol/transient-fault.ts';
import { BanyanError, type ErrorCode } from '../../protocol/errors.ts';
import type { ExitReason } from '../../supervisors/child-spec.ts';
import type { WorkerDeclaration } from '../../supervisors/worker-declaration.ts';
import { type AnswerWatch, watchAnswers } from './answer-watch.ts';
import type { FromWorker, ToWorker, WorkerFault, WorkerStart } from './messages.ts';
import { readLines } from './output-lines.ts';

export interface WorkerProcessOptions {
  readonly declaration: WorkerDeclaration;
  readonly context: WorkerStart['context'];
  /** Each line that it prints. */
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void;
}

/** The name that its class has on the other side too. */
const TRANSIENT = new TransientFault('').name;
const MAIN = fileURLToPath(new URL('./worker-main.ts', import.meta.url));
/** What an error quotes of what was printed last. */
const QUOTED_LINES = 12;
const QUOTED_CHARS = 200;
/** After the exit, for what is still in its pipes; whatever it has started may hold them open for ever. */
const DRAIN_MS = 1_000;
/** V8 says this and aborts. */
const OUT_OF_MEMORY = /JavaScript heap out of memory/;

export class WorkerProcess {
  readonly #declaration: WorkerDeclaration;
  readonly #child: ChildProcess;
  readonly #ready = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<ExitReason>();
  /** The last lines of its stderr. */
  readonly #quoted: string[] = [];
  #answers: AnswerWatch | undefined;
  #fault: WorkerFault | undefined;
  #outOfMemory = false;
  #asked = false;
  #killed = false;
  #hung = false;

  constructor({ declaration, context, onLine }: WorkerProcessOptions) {
    this.#declaration = declaration;
    const { heapMb, env, module } = declaration;
    const heap = heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`];
    this.#child = spawn(process.execPath, [...heap, MAIN, declaration.id], {
      env: { ...process.env, ...env },
      // The last one is the lifeline, see `worker-guard.ts`.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
      serialization: 'json',
      // A group of its own: Ctrl-C is the node's to answer, and a kill takes along what the worker has started.
      detached: true,
    });
    // Somebody may only be interested in one of them.
    this.#ready.promise.catch(() => undefined);
    this.#watch(onLine);
    this.#send({ type: 'start', start: { module, context } });
  }

  /** Undefined when it could not be spawned. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when its function was called; rejects with `worker.start` when it has ended before, after the exit. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves after the exit of the process. Never rejects. */
  get exited(): Promise<ExitReason> {
    return this.#exited.promise;
  }

  /** Asks it to end. */
  stop(): void {
    this.#asked = true;
    this.#send({ type: 'stop' });
  }

  /** SIGKILL, to what it has started too. */
  kill(): void {
    const { pid, exitCode, signalCode } = this.#child;
    // Once it was waited for, its number may be anybody's.
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    this.#killed = true;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      this.#child.kill('SIGKILL');
    }
  }

  #send(message: ToWorker): void {
    // One that is gone says so by its exit.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #watch(onLine: WorkerProcessOptions['onLine']): void {
    const child = this.#child;
    // Without a process there may be no pipes either.
    const [, stdout, stderr, , lifeline] = (child.stdio ?? []) as (Readable | null)[];
    if (stdout) readLines(stdout, (line) => onLine('stdout', line));
    if (stderr)
      readLines(stderr, (line) => {
        this.#outOfMemory ||= OUT_OF_MEMORY.test(line);
        this.#quoted.push(line.slice(0, QUOTED_CHARS));
        if (this.#quoted.length > QUOTED_LINES) this.#quoted.shift();
        onLine('stderr', line);
      });
    lifeline?.on('error', () => undefined).resume();
    child.on('message', (message) => this.#hear(message as FromWorker));
    child.on('error', (cause) => {
      // Also said when a message could not be sent: then its exit follows.
      if (child.pid === undefined)
        this.#end({
          kind: 'error',
          error: this.#error('worker.failed', `could not be spawned: ${cause.message}`),
        });
    });
    child.once('exit', (code, signal) => {
      this.#answers?.end();
      const drained = new AbortController();
      const late = setTimeout(() => {
        for (const stream of child.stdio) stream?.destroy();
        drained.abort();
      }, DRAIN_MS);
      void once(child, 'close', { signal: drained.signal })
        .catch(() => undefined)
        .then(() => {
          clearTimeout(late);
          this.#end(this.#reasonOf(code, signal));
        });
    });
  }

  #hear(message: FromWorker | null): void {
    switch (message?.type) {
      case 'loading':
        this.#answers = watchAnswers({
          answerMs: this.#declaration.answerMs,
          ping: () => this.#send({ type: 'ping' }),
          onHung: () => {
            this.#hung = true;
            this.kill();
          },
        });
        break;
      case 'ready':
        this.#ready.resolve();
        break;
      case 'pong':
        this.#answers?.answered();
        break;
      case 'ended':
        this.#fault = message.fault;
        break;
      // The module may send what it likes; nobody listens.
      case undefined:
      default:
    }
  }

  #end(reason: ExitReason): void {
    const { id, module } = this.#declaration;
    const why = reason.error instanceof Error ? reason.error.message : `It was stopped before it was up.`;
    const message = `The worker '${id}' (${module}) did not start. ${why}`;
    this.#ready.reject(new BanyanError('worker.start', { message, cause: reason.error }));
    this.#exited.resolve(reason);
  }

  #reasonOf(code: number | null, signal: NodeJS.Signals | null): ExitReason {
    const failed = (error: BanyanError): ExitReason => ({ kind: 'error', error });
    if (this.#hung)
      return failed(this.#error('worker.hung', `did not answer within ${this.#declaration.answerMs} ms`));
    if (this.#killed) return { kind: 'killed' };
    if (this.#fault !== undefined) return failed(this.#thrown(this.#fault));
    if (code === 0) return { kind: this.#asked ? 'shutdown' : 'normal' };
    if (this.#outOfMemory) return failed(this.#error('worker.out_of_memory', 'ran out of memory'));
    const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
    return failed(this.#error('worker.failed', how, this.#quote()));
  }

  /** What its function threw, with the stack that it had there. */
  #thrown({ name, message, stack }: WorkerFault): BanyanError {
    const cause = Object.assign(new Error(message), { name, stack });
    const what = `threw ${name}: ${message}`;
    if (name === TRANSIENT)
      return new TransientFault(`The worker '${this.#declaration.id}' ${what}`, { cause });
    return this.#error('worker.failed', what, this.#quote(), cause);
  }

  #error(code: ErrorCode, what: string, quote = '', cause?: Error): BanyanError {
    const message = `The worker '${this.#declaration.id}' ${what}.${quote}`;
    return new BanyanError(code, { message, ...(cause === undefined ? {} : { cause }) });
  }

  #quote(): string {
    return this.#quoted.length === 0 ? '' : ` It printed last:\n${this.#quoted.join('\n')}`;
  }
}
