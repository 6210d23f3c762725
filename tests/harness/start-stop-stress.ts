/**
 * Every service survives being started and stopped by many at once, in any order. Rounds of concurrent calls begin at
 * random moments: at once, some turns of the event loop later, or when an earlier call has settled. Then every call must
 * have settled, a last stop must leave nothing, and the service must start and work once more.
 */
import { expect, onTestFailed, vi } from 'vitest';
import { BanyanError, type ErrorCode } from '../../protocol/errors.ts';
import { randomSequence } from '../../runtime/randomness.ts';
import { type Counts, countOpen, moreThan } from './leftovers.ts';

export interface Service {
  start(): Promise<unknown>;
  stop(): Promise<unknown>;
  /** An end without asking, for a service that has one. */
  kill?(): Promise<unknown>;
}

export interface StressOptions<S extends Service> {
  /** Default 10; fewer where a start costs a second of processor time. */
  readonly rounds?: number;
  /** Default 50. */
  readonly calls?: number;
  /** What a call may be refused with, as the service documents it. */
  readonly refusals?: readonly ErrorCode[];
  /** Uses a service that runs; throws when it does not work. */
  readonly use?: (service: S) => unknown;
  /** What is counted elsewhere, such as the connections that a broker has. */
  readonly count?: () => Counts;
}

/** What became of the calls of all rounds. */
export interface StressOutcome {
  readonly started: number;
  readonly stopped: number;
  readonly refused: Readonly<Partial<Record<ErrorCode, number>>>;
}

const ROUNDS = 10;
const CALLS = 50;
const MOST_TURNS = 20;
/** The share of calls that start; each round draws its own between these. */
const FEWEST_STARTS = 0.3;
const MOST_STARTS = 0.9;
/** The share of calls that begin at once, and those that begin some turns of the event loop later; the rest await a call. */
const AT_ONCE = 0.4;
const TURNS_LATER = 0.75;
/** After the last stop, for what only has to be noticed. */
const LAST_TURNS = 50;
const PATIENCE = { timeout: 15_000, interval: 5 } as const;

/**
 * Runs the rounds, each on what `make` returns: the same service, or a new one where a stopped one stays stopped.
 * The seed is drawn anew each time, and named when something fails; `STRESS_SEED` repeats one.
 */
export async function surviveStartsAndStops<S extends Service>(
  make: () => S,
  options: StressOptions<S> = {},
): Promise<StressOutcome> {
  const { rounds = ROUNDS, use = () => undefined, count = () => ({}) } = options;
  const seed = process.env['STRESS_SEED'] ?? String(Math.floor(Math.random() * 1e9));
  onTestFailed(() => console.error(`STRESS_SEED=${seed} repeats it`));
  const random = randomSequence(seed);
  const everything = (): Counts => ({ ...countOpen(), ...count() });
  const once = async (): Promise<void> => {
    const service = make();
    await service.start();
    await use(service);
    await service.stop();
  };
  // What is loaded and opened once in a process is nobody's to close.
  await once();
  const before = everything();
  const tally: Tally = { started: 0, stopped: 0, refused: {} };
  for (let round = 0; round < rounds; round++) {
    const service = make();
    const where = `seed ${seed}, round ${round}`;
    await runRound(service, { ...options, random, where, tally });
    await within(service.stop(), `${where}: the last stop`);
    await nothingLeft(before, everything, where);
  }
  await once();
  await nothingLeft(before, everything, `seed ${seed}, after one more start`);
  return tally;
}

interface Tally {
  started: number;
  stopped: number;
  readonly refused: Partial<Record<ErrorCode, number>>;
}

interface Round {
  readonly calls?: number;
  readonly refusals?: readonly ErrorCode[];
  readonly random: () => number;
  readonly where: string;
  readonly tally: Tally;
}

async function runRound(
  service: Service,
  { calls = CALLS, refusals = [], random, where, tally }: Round,
): Promise<void> {
  const pending = new Set<string>();
  const settled: Promise<void>[] = [];
  const wrong: unknown[] = [];
  // Else the first stop would come early in every round, and most starts after it.
  const starts = FEWEST_STARTS + (MOST_STARTS - FEWEST_STARTS) * random();
  const ends = service.kill === undefined ? (['stop'] as const) : (['stop', 'kill'] as const);
  const call = async (kind: 'start' | 'stop' | 'kill'): Promise<void> => {
    try {
      await service[kind]?.();
      tally[kind === 'start' ? 'started' : 'stopped']++;
    } catch (error) {
      if (error instanceof BanyanError && refusals.includes(error.code))
        tally.refused[error.code] = (tally.refused[error.code] ?? 0) + 1;
      else wrong.push(error);
    }
  };
  for (let number = 0; number < calls; number++) {
    const kind = random() < starts ? 'start' : (ends[Math.floor(random() * ends.length)] ?? 'stop');
    const moment = random();
    const earlier = settled[Math.floor(random() * settled.length)];
    const turns = moment < AT_ONCE ? 0 : Math.ceil(random() * MOST_TURNS);
    const name = `${kind} ${number}`;
    pending.add(name);
    const begin = async (): Promise<void> => {
      if (moment >= TURNS_LATER) await earlier;
      else for (let turn = 0; turn < turns; turn++) await nextTurn();
      await call(kind);
      pending.delete(name);
    };
    settled.push(begin());
  }
  await vi.waitFor(() => expect([...pending], `${where}: calls that do not settle`).toEqual([]), PATIENCE);
  if (wrong.length > 0)
    throw new Error(`${where}: ${wrong.length} calls failed: ${String(wrong[0])}`, { cause: wrong[0] });
}

/** What ends by itself takes its time to be gone; a timer does not: one that runs still was forgotten. */
async function nothingLeft(before: Counts, count: () => Counts, where: string): Promise<void> {
  for (let turn = 0; turn < LAST_TURNS; turn++) await nextTurn();
  const timers = Object.entries(moreThan(before)).filter(([name]) => name.startsWith('timer'));
  expect(Object.fromEntries(timers), `${where}: timers that run still`).toEqual({});
  await vi.waitFor(() => expect(moreThan(before, count()), `${where}: what is left`).toEqual({}), PATIENCE);
}

/** Fails with a name instead of with the test's time. */
async function within(call: Promise<unknown>, name: string): Promise<void> {
  let done = false;
  const ended = call.finally(() => (done = true));
  await Promise.race([ended, vi.waitFor(() => expect(done, name).toBe(true), PATIENCE)]);
  await ended;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * A service out of a function that starts one: whoever stops it stops all that run by then, and several may stop the
 * same one.
 */
export function serviceOf<T>(
  start: () => Promise<T>,
  stop: (running: T) => Promise<unknown>,
  kill?: (running: T) => unknown,
): Service & { readonly running: ReadonlySet<T> } {
  const running = new Set<T>();
  const endAll = async (end: (one: T) => unknown): Promise<void> => {
    await Promise.all(
      [...running].map(async (one) => {
        await end(one);
        running.delete(one);
      }),
    );
  };
  return {
    running,
    start: async () => void running.add(await start()),
    stop: () => endAll(stop),
    ...(kill === undefined ? {} : { kill: () => endAll(kill) }),
  };
}
