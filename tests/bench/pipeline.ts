/** Artifacts a second through the whole pipeline: `up --once` over a folder of text files, all different. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomSequence } from '../../runtime/randomness.ts';
import { type Finished, startCommand } from './command.ts';
import { type Bench, median, type Result, nowUs, seconds } from './measurement.ts';

const RUNS = 3;
const FILES = 2_000;
const FILE_CHARS = 3_000;
const LIMIT = '60s';
const WORDS = (
  'the a this that each node message log actor partition turn window store broker server release change value ' +
  'fixes adds removes returns throws reads writes keeps drops when before after while because with without from ' +
  'error test option default version package module function type request reply timeout memory file folder line ' +
  'must should may never always only also then again first last new old small large fast slow safe open closed'
).split(' ');

export const pipeline: Bench = { name: 'pipeline', run: measure };

async function measure(): Promise<Result[]> {
  const runs: number[] = [];
  let totals: Record<string, number> = {};
  for (let run = 0; run < RUNS; run++) {
    const { code, stdout, said, took } = await upOnce();
    if (code !== 0) return [{ bench: 'pipeline', skipped: `up --once ended with ${code}: ${said}` }];
    totals = JSON.parse(stdout) as Record<string, number>;
    if (totals['accepted'] !== FILES) throw new Error(`${totals['accepted']} of ${FILES} were accepted.`);
    runs.push(FILES / took);
  }
  const { accepted, scenarios, examples } = totals;
  return [
    {
      bench: 'pipeline',
      measure: 'artifacts through the pipeline, from command to dataset',
      unit: 'artifacts/s',
      value: median(runs),
      runs,
      note:
        `${FILES} files of ${FILE_CHARS} characters, with start and stop, sync_interval always: ` +
        `accepted ${accepted}, scenarios ${scenarios}, examples ${examples}`,
    },
  ];
}

async function upOnce(): Promise<Finished & { took: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-bench-'));
  try {
    const source = join(folder, 'source');
    writeFiles(source);
    const args = ['up', '--once', '--source', source, '--data', 'data', '--out', 'out', '--json'];
    const startUs = nowUs();
    const finished = await startCommand([...args, '--timeout', LIMIT], folder).finished;
    return { ...finished, took: seconds(startUs) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeFiles(source: string): void {
  mkdirSync(source);
  for (let n = 0; n < FILES; n++) writeFileSync(join(source, `note-${n}.md`), text(n));
}

/** Sentences and paragraphs from a seed: the same in every run, different in every file. */
function text(n: number): string {
  const random = randomSequence(`bench ${n}`);
  let made = `# Note ${n}\n\n`;
  while (made.length < FILE_CHARS) {
    const words = Array.from({ length: 8 + Math.floor(random() * 10) }, () => {
      return WORDS[Math.floor(random() * WORDS.length)] ?? '';
    });
    const sentence = words.join(' ');
    made += `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.${random() < 0.2 ? '\n\n' : ' '}`;
  }
  return made;
}
