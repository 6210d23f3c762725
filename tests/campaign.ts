/**
 * `npm run campaign -- NAME [--runs N] [--seed N] [--mode MODE] [--minutes N] [--json FILE]`: long runs over many
 * seeds, or one of many minutes. CI runs a few seeds of each as a test; here as many as one has time for. Without a
 * name: what there is.
 * Exit code 1 when a run failed, 2 for wrong arguments.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { arch, cpus, platform, release } from 'node:os';
import { parseArgs } from 'node:util';
import { findNatsServer } from '../nodes/broker/find-nats-server.ts';
import { VERSION } from '../nodes/version.ts';
import { attacksCampaign } from './attacks/attacks-campaign.ts';
import { growthCampaign } from './bench/growth-campaign.ts';
import { type Campaign, wilsonUpper } from './chaos/campaign.ts';
import { faultsCampaign } from './chaos/faults/faults-campaign.ts';
import { killCampaign } from './chaos/kill-campaign.ts';
import { scaleCampaign } from './bench/scale-campaign.ts';
import { patternsCampaign } from './evaluation/patterns/patterns-campaign.ts';
import { evaluationCampaign } from './evaluation/real/evaluation-campaign.ts';
import { maskingCampaign } from './evaluation/masking-campaign.ts';
import { otpCampaign } from './otp/otp-campaign.ts';
import { plantedCampaign } from './simulation/planted/planted-campaign.ts';
import { simulationCampaign } from './simulation/simulation-campaign.ts';
import { supervisionCampaign } from './supervision/supervision-campaign.ts';

const CAMPAIGNS: readonly Campaign[] = [
  killCampaign,
  faultsCampaign,
  simulationCampaign,
  plantedCampaign,
  growthCampaign,
  scaleCampaign,
  otpCampaign,
  supervisionCampaign,
  patternsCampaign,
  attacksCampaign,
  maskingCampaign,
  evaluationCampaign,
];

const USAGE = 'npm run campaign -- NAME [--runs N] [--seed N] [--mode MODE] [--minutes N] [--json FILE]';

const { values, positionals } = given();

function given() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        runs: { type: 'string' },
        seed: { type: 'string' },
        mode: { type: 'string' },
        minutes: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    return wrong(`${(error as Error).message}\n${USAGE}`);
  }
}

function wrong(why: string): never {
  console.error(why);
  process.exit(2);
}

function count(name: 'runs' | 'seed' | 'minutes', otherwise: number): number {
  const number = Number(values[name] ?? otherwise);
  return Number.isSafeInteger(number) && number >= 0 ? number : wrong(`--${name} must be a whole number.`);
}

const [name, ...rest] = positionals;
if (name === undefined || values.help === true) {
  console.log(`${USAGE}\n`);
  for (const { name: known, about, modes, defaultRuns } of CAMPAIGNS) {
    console.log(`${known.padEnd(10)} ${about} (${defaultRuns} runs; --mode ${modes.join('|')})`);
  }
} else {
  const campaign = CAMPAIGNS.find((one) => one.name === name);
  if (campaign === undefined || rest.length > 0) {
    wrong(
      `There is no campaign '${positionals.join(' ')}'; there are ${CAMPAIGNS.map((one) => one.name).join(', ')}.`,
    );
  }
  if (values.mode !== undefined && !campaign.modes.includes(values.mode)) {
    wrong(`The modes of '${name}' are ${campaign.modes.join(', ')}.`);
  }
  await perform(campaign);
}

async function perform(campaign: Campaign): Promise<void> {
  const runs = count('runs', campaign.defaultRuns);
  const seed = count('seed', 1);
  // Before the first run: who works on the files meanwhile changes what a later look would say.
  const ran = commit();
  const startedMs = performance.now();
  const startedAt = new Date().toISOString();
  const result = await campaign.run({
    runs,
    seed,
    ...(values.mode === undefined ? {} : { mode: values.mode }),
    ...(values.minutes === undefined ? {} : { minutes: count('minutes', 0) }),
    progress: (line) => console.error(line),
  });
  const seeds = [...new Set(result.failures.map((failure) => failure.seed))];
  const summary = {
    campaign: campaign.name,
    command: ['npm run campaign --', ...process.argv.slice(2)].join(' '),
    startedAt,
    seeds: { first: seed, last: seed + runs - 1 },
    mode: values.mode ?? 'all in turn',
    runs: result.runs,
    ...result.counts,
    failures: result.failures.length,
    seedsOfFailures: seeds,
    /** Upper end of the 95 % interval of the rate of failed runs. */
    failureRateUpper95: Number(wilsonUpper(seeds.length, result.runs).toFixed(4)),
    durationS: Math.round((performance.now() - startedMs) / 1000),
    versions: { banyan: VERSION, node: process.version, ...(await brokerVersion()), commit: ran },
    machine: {
      cpus: cpus().length,
      model: cpus()[0]?.model ?? '',
      system: `${platform()} ${release()} ${arch()}`,
    },
  };
  console.log(JSON.stringify(summary, null, 2));
  if (values.json !== undefined) {
    const file = { ...summary, failed: result.failures };
    writeFileSync(values.json, `${JSON.stringify(file, null, 2)}\n`);
  }
  process.exitCode = result.failures.length > 0 ? 1 : 0;
}

async function brokerVersion(): Promise<{ 'nats-server': string }> {
  return { 'nats-server': (await findNatsServer()).version };
}

/** The commit that ran, with `+` when files differ from it. */
function commit(): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+');
  } catch {
    return 'unknown';
  }
}
