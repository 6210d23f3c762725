/**
 * What a supervisor must do, told a second time and in another way: as a process that blocks. It takes one message
 * after the other and deals with it to the end; where it has to wait, for a child that starts or stops, its function
 * yields, and whatever arrives meanwhile stays in its mailbox. Children that do not depend on each other have a mailbox
 * each. Nothing here is shared with the supervisors that are tested, nor with Erlang's.
 */
import { ModelChild, type Retry, affectedBy, isRefused, returnsAfter } from './model-child.ts';
import { CountedRestarts } from './model-intensity.ts';
import {
  type Answer,
  type Call,
  End,
  Lane,
  type Message,
  type Request,
  type Work,
  idOf,
} from './model-mailbox.ts';
import type { Ended, ModelWorld, Process, Report } from './model-process.ts';
import type { ScheduledChild, ScheduledSupervisor } from './schedule.ts';

const IN_ORDER: Ended = { kind: 'shutdown', passing: false };

export class ModelSupervisor implements Process {
  readonly incarnation: string;
  children: ModelChild[];
  readonly spec: ScheduledSupervisor;
  readonly #world: ModelWorld;
  readonly #report: (report: Report) => void;
  readonly #lanes = new Map<string, Lane>();
  #phase: 'booting' | 'running' | 'ending' | 'over' = 'booting';
  /** All its children have been up; and whoever started it has heard so. */
  #isReady = false;
  #isKnown = false;
  readonly #restarts: CountedRestarts;
  #reason: Ended = IN_ORDER;
  #ending: Work | undefined;
  #endingRuns = false;
  /** Calls that a child's end answers, although the supervisor ends as well. */
  readonly #lastAnswers = new Map<ModelChild, Call>();

  constructor(world: ModelWorld, spec: ScheduledSupervisor, report: (report: Report) => void) {
    this.#world = world;
    this.spec = spec;
    this.#report = report;
    this.#restarts = new CountedRestarts(spec.max, spec.windowMs);
    this.incarnation = world.nextIncarnation(spec.id);
    this.children = spec.children.map((child) => this.#newChild(child));
  }

  begin(): void {
    this.#world.note('start', this.incarnation);
    this.#lane('').begin(this.#boot());
  }

  ask(): void {
    if (this.#isKnown && this.#phase !== 'over') this.#world.note('stop', this.incarnation);
    this.abandon();
  }

  abandon(): void {
    if (this.#phase === 'booting' || this.#phase === 'running') this.#stop(IN_ORDER);
  }

  kill(): void {
    // One that is not up yet has been told to stop, and that is all: nobody has hold of it.
    if (!this.#isKnown || this.#phase === 'over') return;
    this.#world.note('kill', this.incarnation);
    if (this.#phase !== 'ending') this.#breakOff();
    this.#end({ kind: 'killed', passing: false }, this.#killAll());
  }

  call(request: Request, answer: (answer: Answer) => void): void {
    let answered = false;
    const once = (what: Answer): void => {
      if (!answered) answer(what);
      answered = true;
    };
    this.#deliver({ type: 'call', call: { ...request, answer: once } });
  }

  /** Counted restarts that are within the window. */
  intensityUsed(): number {
    return this.#restarts.used(this.#world.kernel.now);
  }

  /** How many messages wait for their turn. */
  mailWaiting(): number {
    return this.#lanes.values().reduce((sum, { mailbox }) => sum + mailbox.length, 0);
  }

  get #isSimple(): boolean {
    return this.spec.strategy === 'simple_one_for_one';
  }

  get #isGroup(): boolean {
    return this.spec.strategy === 'one_for_all' || this.spec.strategy === 'rest_for_one';
  }

  // Mailboxes

  #lane(id: string): Lane {
    const name = this.#isGroup || this.#phase === 'booting' ? '' : id;
    const lane =
      this.#lanes.get(name) ??
      new Lane(
        (message) => this.#handle(message),
        (ended) => this.#stop(ended),
      );
    this.#lanes.set(name, lane);
    return lane;
  }

  #deliver(message: Message): void {
    if (this.#phase === 'ending') return this.#whileEnding(message);
    if (this.#phase === 'over') {
      if (message.type === 'call') message.call.answer('gone');
      return;
    }
    this.#lane(idOf(message)).deliver(message);
  }

  *#handle(message: Message): Work {
    if (message.type === 'call') yield* this.#answer(message.call);
    else if (message.type === 'retry') yield* this.#tryAgain(message.child, message.retry);
    else if (message.report.type === 'ended') yield* this.#exited(message.child, message.report);
  }

  // What happens

  *#boot(): Work {
    for (const child of this.children) {
      const report = yield* this.#start(child);
      if (report.type === 'failed') throw new End({ kind: 'error', passing: report.passing });
    }
    this.#isReady = true;
    this.#world.kernel.postLate(() => this.#isHeardOf());
    const { mailbox } = this.#lane('');
    // What it does about its mail, and what those above it do now that it is up, cross.
    if (mailbox.length > 0 && this.#world.mailWaiting() > mailbox.length) this.#world.kernel.undecided = true;
    this.#phase = 'running';
    if (this.#isGroup) return;
    for (const message of mailbox.splice(0)) this.#deliver(message);
  }

  /** Whoever started it learns that it is up. */
  #isHeardOf(): void {
    this.#isKnown = true;
    this.#world.note('started', this.incarnation);
    if (this.#phase === 'over') this.#noteEnd();
    else this.#world.arrived(this);
    this.#report({ type: 'up' });
  }

  #noteEnd(): void {
    this.#world.note(`exited ${this.#reason.kind}`, this.incarnation);
  }

  *#exited(child: ModelChild, { kind, passing }: Ended): Work {
    child.wentDown();
    const { restart, significant } = child.spec;
    if (returnsAfter(restart, kind)) {
      if (!passing) this.#count();
      return yield* this.#failed(child);
    }
    if (this.#isNotKept(child)) this.#forget(child);
    const { autoShutdown } = this.spec;
    const left = this.children.some((other) => other.spec.significant && other.state !== 'down');
    if (significant && (autoShutdown === 'any_significant' || (autoShutdown === 'all_significant' && !left)))
      throw new End(IN_ORDER);
  }

  *#failed(child: ModelChild): Work {
    const delayMs = child.failed();
    if (delayMs === 0) return yield* this.#restart(child);
    this.#wait(child, { delayMs, counts: false });
    const others = affectedBy(this.spec.strategy, this.children, child).filter((other) => other !== child);
    for (const other of others) {
      if (other.state !== 'waiting' && other.returnsWith === undefined) continue;
      other.stopWaiting();
      other.returnsWith = child;
    }
    for (const other of others.toReversed())
      if (other.isAlive) {
        yield* this.#stopChild(other);
        other.returnsWith = child;
      }
  }

  *#tryAgain(child: ModelChild, retry: Retry): Work {
    // Where nobody backs off, any message to try again will do, as in Erlang.
    if (child.retry === undefined || (child.retry !== retry && child.retry.delayMs > 0)) return;
    const { counts } = child.retry;
    child.cancelRetry();
    if (counts) this.#count();
    yield* this.#restart(child);
  }

  *#restart(child: ModelChild): Work {
    const affected = affectedBy(this.spec.strategy, this.children, child);
    for (const other of affected) other.cancelRetry();
    for (const other of affected.toReversed()) if (other.isAlive) yield* this.#stopChild(other);
    yield* this.#startAll(affected);
  }

  *#startAll(group: readonly ModelChild[]): Work {
    const rest = group.filter((child) => this.children.includes(child));
    for (let child = rest.shift(); child !== undefined; child = rest.shift()) {
      const report = yield* this.#start(child);
      if (report.type !== 'failed') continue;
      const delayMs = child.failed();
      this.#wait(child, { delayMs, counts: !report.passing });
      if (delayMs > 0) for (const other of rest) other.returnsWith = child;
      return;
    }
  }

  // Calls

  *#answer(call: Call): Work {
    if (call.type === 'start') return yield* this.#startCalled(call.child, call);
    const child = this.children.find(({ spec }) => spec.id === call.id);
    if (call.type === 'terminate') return yield* this.#terminateCalled(child, call);
    if (this.#isSimple) return call.answer('simple_one_for_one');
    if (child === undefined) return call.answer('not_found');
    if (child.state === 'waiting') return call.answer('restarting');
    if (child.state !== 'down') return call.answer('running');
    if (call.type === 'delete') {
      this.#forget(child);
      return call.answer('ok');
    }
    const report = yield* this.#start(child);
    call.answer(report.type === 'failed' ? 'error' : 'ok');
  }

  *#startCalled(spec: ScheduledChild, call: Call): Work {
    if (isRefused(spec, this.spec.autoShutdown)) return call.answer('error');
    const present = this.children.find((child) => child.spec.id === spec.id);
    if (present !== undefined) return call.answer(present.isAlive ? 'already_started' : 'already_present');
    const child = this.#newChild(spec);
    this.children.push(child);
    const report = yield* this.#start(child);
    if (report.type === 'failed') this.#forget(child);
    call.answer(report.type === 'failed' ? 'error' : 'ok');
  }

  *#terminateCalled(child: ModelChild | undefined, call: Call): Work {
    if (child === undefined) return call.answer('not_found');
    if (child.isAlive) {
      yield* this.#stopChild(child);
      return call.answer('ok');
    }
    child.stopWaiting();
    if (this.#isSimple) this.#forget(child);
    call.answer('ok');
    const orphans = this.children.filter((other) => other.returnsWith === child);
    for (const other of orphans) other.returnsWith = undefined;
    yield* this.#startAll(orphans);
  }

  // Steps

  /** Starts a child and waits until that has come to something. */
  *#start(child: ModelChild): Work<Report> {
    child.spawn((report) => this.#deliver({ type: 'report', child, report }));
    const report = yield child;
    if (report.type === 'up') child.cameUp();
    else child.wentDown();
    if (report.type === 'ignored' && this.#isNotKept(child)) this.#forget(child);
    return report;
  }

  /** Stops a child, unless its end is in the mailbox already. */
  *#stopChild(child: ModelChild): Work {
    const { mailbox } = this.#lane(child.spec.id);
    const end = mailbox.findIndex((message) => message.type === 'report' && message.child === child);
    if (end >= 0) mailbox.splice(end, 1);
    else {
      child.askToStop(child.spec.shutdownMs, () => undefined);
      yield child;
    }
    child.wentDown();
    if (this.#isNotKept(child)) this.#forget(child);
  }

  #newChild(spec: ScheduledChild): ModelChild {
    return new ModelChild(this.#world, spec, this.spec.backoff);
  }

  #isNotKept({ spec }: ModelChild): boolean {
    return spec.restart === 'temporary' || this.#isSimple;
  }

  #forget(child: ModelChild): void {
    this.children = this.children.filter((other) => other !== child);
  }

  #count(): void {
    if (this.#restarts.isTooMany(this.#world.kernel.now)) throw new End(IN_ORDER);
  }

  #wait(child: ModelChild, retry: Retry): void {
    child.state = 'waiting';
    child.retry = retry;
    this.#world.kernel.after(retry.delayMs, () => this.#deliver({ type: 'retry', child, retry }));
  }

  // The end

  /** Breaks off what is under way, and stops all in order. */
  #stop(reason: Ended): void {
    this.#breakOff();
    this.#end(reason, this.#stopAll());
  }

  #end(reason: Ended, work: Work): void {
    this.#phase = 'ending';
    this.#reason = reason;
    this.#ending = work;
    this.#goOn();
  }

  #breakOff(): void {
    for (const { call, awaits, mailbox } of this.#lanes.values()) {
      const isTerminating = call?.type === 'terminate' && awaits?.spec.id === call.id;
      if (isTerminating && awaits.state === 'stopping') this.#lastAnswers.set(awaits, call);
      else call?.answer('gone');
      for (const message of mailbox) {
        if (message.type === 'call') message.call.answer('gone');
        if (message.type === 'report' && message.report.type === 'ended') message.child.wentDown();
      }
    }
    this.#lanes.clear();
  }

  *#stopAll(): Work {
    const living = this.children.filter((child) => child.isAlive);
    const stopping = living.filter(({ state }) => state === 'stopping');
    const others = living.filter((child) => !stopping.includes(child));
    if (this.#isSimple) {
      for (const child of others) this.#askWhileEnding(child, child.spec.shutdownMs);
      return yield* this.#untilDown(living);
    }
    yield* this.#untilDown(stopping);
    for (const child of others.toReversed()) {
      if (child.isAlive) this.#askWhileEnding(child, child.spec.shutdownMs);
      yield* this.#untilDown([child]);
    }
  }

  *#killAll(): Work {
    const living = this.children.filter((child) => child.isAlive);
    for (const child of living) this.#askWhileEnding(child, 0);
    yield* this.#untilDown(living);
  }

  *#untilDown(children: readonly ModelChild[]): Work {
    for (const child of children) while (child.isAlive) yield child;
  }

  #askWhileEnding(child: ModelChild, shutdownMs: number): void {
    child.askToStop(shutdownMs, () => {
      this.#lastAnswers.get(child)?.answer('ok');
      this.#goOn();
    });
  }

  #whileEnding(message: Message): void {
    if (message.type === 'call') message.call.answer('gone');
    if (message.type !== 'report') return;
    const { child, report } = message;
    if (report.type === 'up') return child.cameUp();
    child.wentDown();
    this.#lastAnswers.get(child)?.answer('ok');
    this.#goOn();
  }

  #goOn(): void {
    if (this.#endingRuns || this.#ending === undefined) return;
    this.#endingRuns = true;
    const { done } = this.#ending.next(undefined as unknown as Report);
    this.#endingRuns = false;
    if (done !== true) return;
    this.#ending = undefined;
    this.#phase = 'over';
    const failed = !this.#isReady;
    if (failed) this.#world.note('start-failed', this.incarnation);
    else if (this.#isKnown) this.#noteEnd();
    const { kernel } = this.#world;
    const reason = this.#reason;
    const tell = (): void => {
      this.#world.departed(this);
      this.#report(failed ? { type: 'failed', passing: reason.passing } : { type: 'ended', ...reason });
    };
    // Nobody hears of its end before hearing that it was up.
    if (this.#isReady && !this.#isKnown) kernel.postLate(tell);
    else kernel.post(tell);
  }
}
