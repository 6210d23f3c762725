/** From the command to a node that is ready: with an empty data directory, and with the one it left. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, startCommand } from './command.ts';
import { type Bench, median, type Measurement, nowUs, seconds } from './measurement.ts';

const RUNS = 3;
const LOOK_MS = 10;
const LIMIT_SECONDS = 15;
/** An application without sources: the node's own start, without the pipeline's first work. */
const APP = new URL('./bench-app.ts', import.meta.url).pathname;

export const startUp: Bench = { name: 'start-up', run: measure };

async function measure(): Promise<Measurement[]> {
  const cold: number[] = [];
  const warm: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const folder = mkdtempSync(join(tmpdir(), 'banyan-bench-'));
    try {
      cold.push(await startOnce(folder));
      warm.push(await startOnce(folder));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const row = (measured: string, runs: readonly number[]): Measurement => ({
    bench: 'start-up',
    measure: measured,
    unit: 's',
    value: median(runs),
    aim: '< 2 s',
    runs,
  });
  return [row('start-up to ready, empty data directory', cold), row('start-up to ready, existing one', warm)];
}

async function startOnce(folder: string): Promise<number> {
  const startUs = nowUs();
  const command = startCommand(['up', '--app', APP, '--data', 'data'], folder);
  try {
    await ready(command, join(folder, 'data', 'run.json'), startUs);
    return seconds(startUs);
  } finally {
    command.terminate();
    await command.finished;
  }
}

/** Resolves when the node has said where it is and answers there that it is ready. */
async function ready(command: Command, runFile: string, startUs: number): Promise<void> {
  const ended = command.finished.then(({ code, said }) => {
    throw new Error(`up ended with ${code}: ${said}`);
  });
  let timer: NodeJS.Timeout | undefined;
  const seen = new Promise<void>((resolve, reject) => {
    let looking = false;
    timer = setInterval(() => {
      if (looking) return;
      looking = true;
      void isReady(runFile).then((is) => {
        looking = false;
        if (is) resolve();
        else if (seconds(startUs) > LIMIT_SECONDS) reject(new Error(`not ready after ${LIMIT_SECONDS} s`));
      });
    }, LOOK_MS);
  });
  try {
    await Promise.race([seen, ended]);
  } finally {
    clearInterval(timer);
    ended.catch(() => {});
  }
}

async function isReady(runFile: string): Promise<boolean> {
  try {
    const { http } = JSON.parse(readFileSync(runFile, 'utf8')) as { http: string };
    return (await fetch(new URL('/health/ready', http))).status === 200;
  } catch {
    return false;
  }
}
