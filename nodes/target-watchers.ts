/**
 * Watches the files of targets, and tells the orchestrator of those that have changed. Which ones those are is asked
 * of the machine's agent: at the start, whenever it says that they are others, and now and then, since it may not be
 * heard. A watcher that is lost costs freshness only: the target's interval still applies.
 */
import { type FSWatcher, watch } from 'chokidar';
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import { locate } from '../actors/node/collectors/directory.ts';
import { nodeContract } from '../actors/node/contract.ts';
import type { WatchedTarget } from '../actors/node/watching.ts';
import { orchestratorContract } from '../actors/orchestrator/contract.ts';
import { escapeKey } from '../protocol/address.ts';
import type { Subjects } from '../protocol/subjects.ts';

export interface TargetWatchersParts {
  readonly node: string;
  /** A change is told when nothing more has changed for so long. */
  readonly quietMs: number;
  readonly connection: NatsConnection;
  readonly subjects: Subjects;
  readonly ask: (address: string, query: string) => Promise<unknown>;
  readonly tell: (address: string, message: { readonly type: string }) => Promise<unknown>;
  readonly log: Logger;
}

const REVIEW_MS = 60_000;
/** An agent that does not answer is starting, as a rule. */
const ASK_AGAIN_MS = 2_000;
/** Changes without a pause are told after this many quiet times. */
const PATIENCE = 10;

interface Watching {
  /** Resolves once what it was made from is known; undefined when that was in vain. */
  readonly watcher: Promise<FSWatcher | undefined>;
  quiet: NodeJS.Timeout | undefined;
  /** The first change that is not told yet. */
  sinceMs: number | undefined;
}

export class TargetWatchers {
  readonly #parts: TargetWatchersParts;
  readonly #watching = new Map<string, Watching>();
  #subscription: Subscription | undefined;
  #review: NodeJS.Timeout | undefined;
  #reviewing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: TargetWatchersParts) {
    this.#parts = parts;
  }

  /** Returns at once: nobody waits for watchers. */
  start(): void {
    const { connection, subjects, node } = this.#parts;
    const subject = subjects.event(nodeContract.at(escapeKey(node)), 'watches-changed');
    this.#subscription = connection.subscribe(subject, { callback: () => this.#reviewSoon() });
    this.#reviewSoon();
  }

  /** Ends every watcher; what was not told by then is found at the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#subscription?.unsubscribe();
    clearTimeout(this.#review);
    await this.#reviewing;
    await Promise.all([...this.#watching.keys()].map((id) => this.#end(id)));
  }

  #reviewSoon(): void {
    this.#reviewing = this.#reviewing.then(() => this.#reviewNow());
  }

  /** Begins what is missing, ends what is too much. */
  async #reviewNow(): Promise<void> {
    if (this.#closed) return;
    clearTimeout(this.#review);
    let againMs = REVIEW_MS;
    try {
      const agent = nodeContract.at(escapeKey(this.#parts.node));
      const targets = (await this.#parts.ask(agent, 'watched')) as readonly WatchedTarget[];
      const wanted = new Map(targets.map((target) => [target.id, target]));
      for (const id of this.#watching.keys()) if (!wanted.has(id)) await this.#end(id);
      for (const target of targets) if (!this.#watching.has(target.id)) this.#begin(target);
    } catch (error) {
      this.#parts.log.debug({ error: String(error) }, 'The targets to watch are not known yet.');
      againMs = ASK_AGAIN_MS;
    }
    // The node may have been closed meanwhile.
    if (!this.#closed) this.#review = setTimeout(() => this.#reviewSoon(), againMs).unref();
  }

  #begin(target: WatchedTarget): void {
    const { id } = target;
    const watching: Watching = {
      watcher: this.#open(target).catch((error: unknown) => {
        this.#report(target, error);
        return undefined;
      }),
      quiet: undefined,
      sinceMs: undefined,
    };
    this.#watching.set(id, watching);
  }

  async #open(target: WatchedTarget): Promise<FSWatcher> {
    const { id, type, location } = target;
    const path = type === 'directory' ? (await locate(location)).root : location;
    const watcher = watch(path, {
      ignoreInitial: true,
      followSymlinks: type === 'file',
      ignored: (file) => /[/\\]\.git(?:[/\\]|$)/.test(file),
    });
    watcher.on('all', () => this.#changed(id));
    // What has changed before, since it was listed or while the node was down, has not been seen.
    watcher.on('ready', () => this.#changed(id));
    watcher.on('error', (error) => {
      this.#report(target, error);
      // It would report the same for every file; the interval has to do.
      void watcher.close();
    });
    return watcher;
  }

  #report({ location }: WatchedTarget, error: unknown): void {
    this.#parts.log.warn(
      { location, error: String(error) },
      'A target cannot be watched; it is collected at its interval.',
    );
  }

  #changed(id: string): void {
    const watching = this.#watching.get(id);
    if (watching === undefined) return;
    const { quietMs } = this.#parts;
    const nowMs = performance.now();
    watching.sinceMs ??= nowMs;
    clearTimeout(watching.quiet);
    const leftMs = watching.sinceMs + PATIENCE * quietMs - nowMs;
    watching.quiet = setTimeout(
      () => {
        watching.sinceMs = undefined;
        void this.#tellChanged(id);
      },
      Math.max(0, Math.min(quietMs, leftMs)),
    ).unref();
  }

  async #tellChanged(id: string): Promise<void> {
    const { node, tell, log } = this.#parts;
    try {
      const message = { type: 'target.changed', node, target: id };
      await tell(orchestratorContract.at('main'), message);
    } catch (error) {
      log.debug({ error: String(error) }, 'A change of a target was not told.');
    }
  }

  async #end(id: string): Promise<void> {
    const watching = this.#watching.get(id);
    if (watching === undefined) return;
    this.#watching.delete(id);
    clearTimeout(watching.quiet);
    await (await watching.watcher)?.close();
  }
}
