/** `npm run campaign -- kill`: kills at random moments, over several sources and all modes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomSequence } from '../../runtime/randomness.ts';
import type { Campaign, CampaignOptions, CampaignResult } from './campaign.ts';
import { describeFailure, KILL_MODES, type KillMode, killRun } from './kill-run.ts';
import { type DocumentSource, writeDocuments } from './source.ts';

/** Seeds in a row that share a source, and so one clean run that measures how long it takes. */
const SEEDS_PER_SOURCE = 10;
const FILES_MIN = 150;
const FILES_MAX = 400;

export const killCampaign: Campaign = {
  name: 'kill',
  about: 'SIGKILL of node, broker or both at random moments of "up --once": nothing lost, nothing twice',
  modes: KILL_MODES,
  defaultRuns: 100,
  run,
};

async function run({ runs, seed: first, mode, progress }: CampaignOptions): Promise<CampaignResult> {
  const failures: { seed: number; what: string }[] = [];
  const counts = { kills: 0, starts: 0, sources: 0, node: 0, all: 0, broker: 0 };
  let measured: Measured | undefined;
  let ran = 0;
  try {
    for (let seed = first; seed < first + runs; seed++) {
      const number = Math.floor(seed / SEEDS_PER_SOURCE);
      if (measured?.number !== number) {
        if (measured !== undefined) rmSync(measured.source.folder, { recursive: true, force: true });
        measured = await measure(number, seed, progress);
        counts.sources++;
        if (measured.problem !== undefined)
          failures.push({ seed, what: `without a kill: ${measured.problem}` });
      }
      const { source, cleanMs } = measured;
      const kill: KillMode = (mode as KillMode | undefined) ?? modeOf(seed);
      const result = await killRun({ seed, source, kill: { mode: kill, cleanMs } });
      ran++;
      counts.kills += result.kills;
      counts.starts += kill === 'broker' ? 1 : result.plan.momentsMs.length + 1;
      counts[kill]++;
      const moments = result.plan.momentsMs.join(', ');
      const how = `${kill}, ${result.kills} kills at ${moments} ms, ${(result.durationMs / 1000).toFixed(1)} s`;
      progress(`${ran}/${runs} seed ${seed}: ${result.problems.length === 0 ? 'ok' : 'FAILED'} (${how})`);
      if (result.problems.length > 0) {
        const what = describeFailure(result);
        progress(what);
        failures.push({ seed, what });
      }
    }
  } finally {
    // A failure needs its source to be seen again; it can be written again from the seed.
    if (measured !== undefined) rmSync(measured.source.folder, { recursive: true, force: true });
  }
  return { runs: ran, failures, counts };
}

const modeOf = (seed: number): KillMode => KILL_MODES[seed % KILL_MODES.length] ?? 'node';

interface Measured {
  readonly number: number;
  readonly source: DocumentSource;
  /** How long a run takes when nothing is killed. */
  readonly cleanMs: number;
  readonly problem?: string;
}

async function measure(number: number, seed: number, progress: (line: string) => void): Promise<Measured> {
  const files = FILES_MIN + Math.floor(randomSequence(`source ${number}`)() * (FILES_MAX - FILES_MIN + 1));
  const source = writeDocuments(mkdtempSync(join(tmpdir(), 'banyan-source-')), String(number), files);
  const clean = await killRun({ seed, source });
  const { durationMs: cleanMs, problems } = clean;
  progress(
    `source ${number}: ${files} files, ${source.identities.size} artifacts, ${cleanMs} ms when nothing is killed`,
  );
  if (problems.length === 0) return { number, source, cleanMs };
  const problem = describeFailure(clean);
  progress(problem);
  return { number, source, cleanMs, problem };
}
