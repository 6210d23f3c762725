/**
 * The way between processes and the broker. Every call travels there and back, and on either way anything may
 * happen to it that happens to a request on TCP with a time limit; streams of entries are delayed, fall
 * silent, or break. What happens is drawn from the seed, at the rates of the weather that rules.
 */
import { BanyanError } from '../../protocol/errors.ts';
import type { Process } from './process.ts';
import type { Scheduler } from './scheduler.ts';

/** Rates of calls, from 0 to 1, to which each happens. */
export interface Weather {
  /** Never arrives: the caller's time runs out. */
  readonly lost?: number;
  /** Is carried out, but the answer does not come. */
  readonly answerLost?: number;
  /** Arrives long after the caller has given up, or died. */
  readonly late?: number;
  /** Arrives twice. */
  readonly twice?: number;
  /** Takes seconds, but less than the time limit. */
  readonly slow?: number;
}

/** One request to the broker. */
export interface Call<T> {
  readonly process: Process;
  readonly operation: string;
  /** Needs room: refused while the broker is full. */
  readonly needsRoom: boolean;
  /** Whether it may be carried out twice, as whoever repeats it without being asked would. */
  readonly repeatable: boolean;
  readonly carryOut: () => Promise<T>;
}

/** A stream of entries on its way to a process. */
export interface Stream {
  readonly process: Process;
  /** Nothing comes any more, and nobody says so. */
  silence(): void;
  /** The connection is lost; the reader fails. */
  sever(): void;
}

export type BrokerTrouble = 'full' | 'leaderless' | 'down';

const REQUEST_LIMIT_MS = 5_000;

export class Network {
  readonly streams = new Set<Stream>();
  /** What the broker suffers from; empty when it is well. */
  readonly troubles = new Map<BrokerTrouble, number>();
  /** Whether the mailbox holds as much as it may. */
  isFull = (): boolean => false;
  /** Requests that have not arrived yet, if only for the second time. */
  underWay = 0;
  /** Processes that cannot reach the broker, by the number of reasons. */
  readonly #cutOff = new Map<string, number>();
  readonly #weathers = new Set<Weather>();
  readonly #scheduler: Scheduler;
  readonly #draw: () => number;
  readonly #onFate: (fate: string, operation: string) => void;

  constructor(scheduler: Scheduler, draw: () => number, onFate: (fate: string, operation: string) => void) {
    this.#scheduler = scheduler;
    this.#draw = draw;
    this.#onFate = onFate;
  }

  /** A weather begins; returns how to end it. */
  bring(weather: Weather): () => void {
    this.#weathers.add(weather);
    return () => void this.#weathers.delete(weather);
  }

  /** The broker has a trouble; returns how to end it. Troubles of a kind may overlap. */
  afflict(trouble: BrokerTrouble): () => void {
    this.troubles.set(trouble, (this.troubles.get(trouble) ?? 0) + 1);
    if (trouble === 'down')
      for (const stream of [...this.streams]) {
        if (this.#draw() < 0.5) stream.sever();
        else stream.silence();
      }
    return () => void this.troubles.set(trouble, (this.troubles.get(trouble) ?? 1) - 1);
  }

  /** A machine loses its link. Its streams fall silent at once and are lost when it is back. */
  cutOff(machine: string): () => void {
    this.#cutOff.set(machine, (this.#cutOff.get(machine) ?? 0) + 1);
    const streams = [...this.streams].filter(({ process }) => machineOf(process) === machine);
    for (const stream of streams) stream.silence();
    return () => {
      this.#cutOff.set(machine, (this.#cutOff.get(machine) ?? 1) - 1);
      for (const stream of streams) stream.sever();
    };
  }

  /** Whether a process reaches the broker, and the broker is there. */
  reaches(process: Process): boolean {
    return !this.#has('down') && (this.#cutOff.get(machineOf(process)) ?? 0) === 0;
  }

  /** How long one way takes. */
  delayMs(): number {
    const draw = this.#draw();
    // A long tail: most take a third of a millisecond, one in a hundred takes tens.
    return 0.2 + draw * 0.4 + (draw > 0.99 ? (draw - 0.99) * 4_000 : 0);
  }

  request<T>(call: Call<T>): Promise<T> {
    const after = call.process.call();
    if (after === undefined) return new Promise<T>(() => {});
    const promise = new Promise<T>((resolve, reject) => this.#send(call, resolve, reject));
    after();
    return promise;
  }

  #send<T>(call: Call<T>, resolve: (value: T) => void, reject: (error: unknown) => void): void {
    const { process } = call;
    const fate = this.#fate(call);
    let settled = false;
    const answer = (settle: () => void): void =>
      process.deliver(() => {
        if (settled) return;
        settled = true;
        expire();
        settle();
      });
    const expire = this.#scheduler.after(REQUEST_LIMIT_MS, () =>
      answer(() => reject(new BanyanError('log.unavailable', { message: `${call.operation}: no answer` }))),
    );
    const respond = (settle: () => void): void => {
      if (fate === 'answerLost' || !this.reaches(process)) return;
      this.#scheduler.after(this.delayMs(), () => answer(settle));
    };
    const arrive = (isFirst: boolean): void => {
      this.underWay--;
      if (fate === 'lost' || !this.reaches(process)) return;
      const refusal = this.#refusal(call);
      if (refusal !== undefined) return isFirst ? respond(() => reject(refusal)) : undefined;
      call.carryOut().then(
        (value) => isFirst && respond(() => resolve(value)),
        (error: unknown) => isFirst && respond(() => reject(error)),
      );
    };
    this.underWay += fate === 'twice' ? 2 : 1;
    this.#scheduler.after(this.#way(fate), () => arrive(true));
    if (fate === 'twice') this.#scheduler.after(this.#way(fate) + this.#draw() * 20, () => arrive(false));
  }

  #refusal({ operation, needsRoom }: Call<unknown>): BanyanError | undefined {
    if (this.#has('leaderless'))
      return new BanyanError('log.unavailable', { message: `${operation}: no leader` });
    if (needsRoom && (this.#has('full') || this.isFull())) {
      this.#onFate('full', operation);
      return new BanyanError('log.full');
    }
    return undefined;
  }

  #way(fate: string): number {
    if (fate === 'slow') return 500 + this.#draw() * 4_000;
    if (fate === 'late') return REQUEST_LIMIT_MS + this.#draw() ** 2 * 60_000;
    return this.delayMs();
  }

  #fate({ operation, repeatable }: Call<unknown>): keyof Weather | 'fine' {
    for (const weather of this.#weathers) {
      let draw = this.#draw();
      for (const kind of FATES) {
        if (kind === 'twice' && !repeatable) continue;
        draw -= weather[kind] ?? 0;
        if (draw >= 0) continue;
        this.#onFate(kind, operation);
        return kind;
      }
    }
    return 'fine';
  }

  #has(trouble: BrokerTrouble): boolean {
    return (this.troubles.get(trouble) ?? 0) > 0;
  }
}

const FATES = ['lost', 'answerLost', 'late', 'twice', 'slow'] as const;

/** Processes are named `<machine>-<incarnation>`. */
function machineOf({ name }: Process): string {
  return name.slice(0, name.lastIndexOf('-'));
}
