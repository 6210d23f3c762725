/**
 * One seeded run of `up --once` in which processes are killed at random moments, started again on the same data
 * directory until it ends, and checked. The seed decides the plan; how far the processes are at a planned moment
 * is the machine's.
 *
 * - `node`: the node is killed; its broker survives and must be adopted.
 * - `all`: node and broker are killed together.
 * - `broker`: only the broker is killed; the node waits, reconnects and ends without being started again.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identify } from '../../nodes/broker/process-identity.ts';
import { randomSequence } from '../../runtime/randomness.ts';
import { checkOutcome } from './check-outcome.ts';
import type { DocumentSource } from './source.ts';
import { brokersOf, killProcess, recordedBroker, startUp, type UpEnd, type UpProcess } from './up-once.ts';

export const KILL_MODES = ['node', 'all', 'broker'] as const;
export type KillMode = (typeof KILL_MODES)[number];

export interface KillPlan {
  readonly mode: KillMode;
  readonly shards: number;
  /** When to kill, in ms: since each start (`node`, `all`), or since the only one, ascending (`broker`). */
  readonly momentsMs: readonly number[];
}

export interface KillRun {
  readonly seed: number;
  readonly plan: KillPlan;
  /** Processes that were still running when they were killed, by planned moment. */
  readonly kills: number;
  readonly durationMs: number;
  /** Empty when everything held. */
  readonly problems: readonly string[];
  /** Where data, export and logs are kept; only after a failure. */
  readonly kept?: string;
}

const EARLIEST_MS = 50;
const KILLS_MAX = 3;
/** On a busy machine the clean run that was measured may have been a slow one. */
const EARLIER = 0.7;
/** How long after it was restarted a busy machine may take to end, besides so many clean runs. */
const PATIENCE_MS = 90_000;
const PATIENCE_RUNS = 10;
/** A broker that is just being restarted is looked for again. */
const LOOK_MS = 20;

export function planOf(seed: number, mode: KillMode, cleanMs: number): KillPlan {
  const random = randomSequence(`kill ${seed} ${mode}`);
  const shards = 1 + Math.floor(random() * 2);
  // Mostly one; the square makes more of them rarer.
  const kills = 1 + Math.floor(random() ** 2 * KILLS_MAX);
  const moments = Array.from({ length: kills }, () =>
    Math.round(EARLIEST_MS + random() * (cleanMs - EARLIEST_MS)),
  );
  return { mode, shards, momentsMs: mode === 'broker' ? moments.toSorted((a, b) => a - b) : moments };
}

/** Without `kill`, a clean run: it says how long one takes, and that the checks hold when nothing is killed. */
export interface KillRunOptions {
  readonly seed: number;
  readonly source: DocumentSource;
  readonly kill?: { readonly mode: KillMode; readonly cleanMs: number };
}

/**
 * Runs, and checks. A run that ended before its moment came shows nothing about kills: it is done again with
 * earlier moments.
 */
export async function killRun({ seed, source, kill }: KillRunOptions): Promise<KillRun> {
  let run = await runOnce({ seed, source, ...(kill === undefined ? {} : { kill }) });
  if (kill === undefined) return run;
  let { cleanMs } = kill;
  while (run.kills === 0 && run.problems.length === 0 && cleanMs > 2 * EARLIEST_MS) {
    cleanMs *= EARLIER;
    run = await runOnce({ seed, source, kill: { mode: kill.mode, cleanMs } });
  }
  return run;
}

async function runOnce({ seed, source, kill }: KillRunOptions): Promise<KillRun> {
  const startedMs = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'banyan-kill-'));
  mkdirSync(join(folder, 'out'));
  const plan = kill === undefined ? cleanPlan : planOf(seed, kill.mode, kill.cleanMs);
  const patienceMs = PATIENCE_MS + PATIENCE_RUNS * (kill?.cleanMs ?? 0);
  const problems: string[] = [];
  const pids: number[] = [];
  let kills = 0;
  const start = (name: string): UpProcess => {
    const up = startUp({ folder, source: source.folder, shards: plan.shards, name, patienceMs });
    pids.push(up.pid);
    return up;
  };
  try {
    if (plan.mode !== 'broker') {
      for (const [index, momentMs] of plan.momentsMs.entries()) {
        if (await killedAt(momentMs, start(`start-${index + 1}`), folder, plan.mode)) kills++;
      }
    }
    const last = start('last');
    const stopKilling =
      plan.mode === 'broker' ? killBrokers(plan.momentsMs, folder, () => kills++) : () => {};
    const end = await last.ended;
    stopKilling();
    const left = [
      ...pids.filter((pid) => identify(pid) !== undefined),
      ...brokersOf(folder).map(({ pid }) => pid),
    ];
    if (left.length > 0) problems.push(`still running: ${left.join(', ')}`);
    for (const { pid } of brokersOf(folder)) killProcess(pid);
    problems.push(...(await checkOutcome(folder, source.identities, end)));
    const durationMs = Math.round(kill === undefined ? end.durationMs : performance.now() - startedMs);
    if (problems.length > 0) return { seed, plan, kills, durationMs, problems, kept: folder };
    rmSync(folder, { recursive: true, force: true });
    return { seed, plan, kills, durationMs, problems };
  } catch (error) {
    const durationMs = Math.round(performance.now() - startedMs);
    const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { seed, plan, kills, durationMs, problems: [...problems, problem], kept: folder };
  } finally {
    for (const { pid } of brokersOf(folder)) killProcess(pid);
  }
}

const cleanPlan: KillPlan = { mode: 'node', shards: 1, momentsMs: [] };

/** Kills a start at a moment; false when it had ended before. */
async function killedAt(
  momentMs: number,
  up: UpProcess,
  folder: string,
  mode: 'node' | 'all',
): Promise<boolean> {
  const timer = setTimeout(() => {
    up.kill();
    if (mode === 'all') for (const { pid } of brokersOf(folder)) killProcess(pid);
  }, momentMs);
  const end: UpEnd = await up.ended;
  clearTimeout(timer);
  if (end.signal === 'SIGKILL') return true;
  if (end.code !== 0) throw new Error(`A start that was not killed ended with ${end.code ?? end.signal}.`);
  return false;
}

/** Kills the broker of a running node at each moment; the result ends it. */
function killBrokers(momentsMs: readonly number[], folder: string, onKill: () => void): () => void {
  const timers = new Set<NodeJS.Timeout>();
  const later = (delayMs: number, action: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      action();
    }, delayMs);
    timers.add(timer);
  };
  const killOne = (): void => {
    const broker = recordedBroker(folder);
    if (broker === undefined) return later(LOOK_MS, killOne);
    killProcess(broker.pid);
    onKill();
  };
  for (const momentMs of momentsMs) later(momentMs, killOne);
  return () => timers.forEach((timer) => clearTimeout(timer));
}

/** What a person needs to see a failure again. */
export function describeFailure({ seed, plan, problems, kept }: KillRun): string {
  const shown = problems.slice(0, 20).map((problem) => `  ${problem}`);
  const more = problems.length > shown.length ? [`  and ${problems.length - shown.length} more`] : [];
  return [`seed ${seed}: ${JSON.stringify(plan)}; kept in ${kept ?? '-'}`, ...shown, ...more].join('\n');
}
