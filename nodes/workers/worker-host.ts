/** A declared worker over all its incarnations: how its supervisor starts it, and what is known of it meanwhile. */
import type { Logger } from 'pino';
import { BanyanError } from '../../protocol/errors.ts';
import { TransientFault } from '../../protocol/transient-fault.ts';
import type { ChildHandle, ChildSpec, ExitReason } from '../../supervisors/child-spec.ts';
import type { WorkerDeclaration } from '../../supervisors/worker-declaration.ts';
import type { WorkerStart } from './messages.ts';
import { WorkerProcess } from './worker-process.ts';

/** Who hears of a worker's incarnations. Each `onDown` follows the `onUp` of the same one. */
export interface WorkerListener {
  onUp(id: string, incarnation: number): void;
  /** Called after the process has exited. */
  onDown(id: string, incarnation: number, reason: ExitReason): void;
}

export interface WorkerHostOptions {
  readonly declaration: WorkerDeclaration;
  /** Its path in the node's tree. */
  readonly path: string;
  readonly context: WorkerStart['context'];
  readonly log: Logger;
  readonly listener: WorkerListener;
}

const LEVEL = { normal: 'info', shutdown: 'info', killed: 'warn', error: 'error' } as const;

export class WorkerHost {
  readonly id: string;
  readonly path: string;
  readonly #options: WorkerHostOptions;
  /** Counted since the node started, whichever supervisor started it again. */
  #incarnation = 0;
  #up: { readonly process: WorkerProcess; readonly sinceMs: number } | undefined;

  constructor(options: WorkerHostOptions) {
    this.#options = options;
    this.id = options.declaration.id;
    this.path = options.path;
  }

  get pid(): number | undefined {
    return this.#up?.process.pid;
  }

  /** How often it was started again, by its own supervisor or with it. */
  get restarts(): number {
    return Math.max(0, this.#incarnation - 1);
  }

  /** Since it is up; undefined while it is not. */
  get uptimeMs(): number | undefined {
    return this.#up === undefined ? undefined : Math.round(performance.now() - this.#up.sinceMs);
  }

  spec(): ChildSpec {
    const { id, restart, significant, shutdownMs } = this.#options.declaration;
    return {
      id,
      type: 'worker',
      restart,
      significant,
      shutdownMs,
      start: (signal) => this.#start(signal),
      // The second: it has ended before it was up.
      isTransient: (error) =>
        error instanceof TransientFault ||
        (error instanceof BanyanError && error.cause instanceof TransientFault),
    };
  }

  /** SIGKILL; its supervisor decides what follows. Throws `worker.not_running`. */
  kill(): { readonly pid: number } {
    const process = this.#up?.process;
    if (process?.pid === undefined)
      throw new BanyanError('worker.not_running', {
        message: `The worker '${this.id}' does not run at the moment.`,
      });
    process.kill();
    return { pid: process.pid };
  }

  async #start(signal: AbortSignal): Promise<ChildHandle> {
    const { declaration, context, log, listener } = this.#options;
    const incarnation = ++this.#incarnation;
    const process = new WorkerProcess({
      declaration,
      context,
      onLine: (stream, line) =>
        log[stream === 'stderr' ? 'warn' : 'info']({ worker: this.id, pid: process.pid, stream }, line),
    });
    const { pid } = process;
    const abandon = (): void => process.kill();
    signal.addEventListener('abort', abandon, { once: true });
    try {
      await process.ready;
    } catch (error) {
      if (!signal.aborted)
        log.error({ worker: this.id, pid, incarnation, ...detailsOf(error) }, 'A worker did not start.');
      throw error;
    } finally {
      signal.removeEventListener('abort', abandon);
    }
    const up = { process, sinceMs: performance.now() };
    this.#up = up;
    log.info({ worker: this.id, pid, incarnation }, 'A worker is up.');
    listener.onUp(this.id, incarnation);
    const exited = process.exited.then((reason) => {
      if (this.#up === up) this.#up = undefined;
      const { kind, error } = reason;
      const details = { worker: this.id, pid, incarnation, reason: kind, ...detailsOf(error) };
      log[LEVEL[kind]](details, 'A worker has ended.');
      listener.onDown(this.id, incarnation, reason);
      return reason;
    });
    return {
      exited,
      stop: async () => process.stop(),
      kill: () => process.kill(),
      describe: () => (pid === undefined ? {} : { pid }),
    };
  }
}

function detailsOf(error: unknown): object {
  if (!(error instanceof BanyanError)) return {};
  const { code, message, cause } = error;
  return { code, error: message, ...(cause instanceof Error ? { stack: cause.stack } : {}) };
}
