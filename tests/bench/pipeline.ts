/** Artifacts a second through the whole pipeline: `up --once` over a folder of text files, all different. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomSequence } from '../../runtime/randomness.ts';
import { startCommand } from './command.ts';
import { type Bench, type Result, nowUs, seconds } from './measurement.ts';

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
  const folder = mkdtempSync(join(tmpdir(), 'banyan-bench-'));
  try {
    const source = join(folder, 'source');
    writeFiles(source);
    const startUs = nowUs();
    const args = [
      'up',
      '--once',
      '--source',
      source,
      '--data',
      'data',
      '--out',
      'out',
      '--json',
      '--timeout',
      LIMIT,
    ];
    const { code, stdout, said } = await startCommand(args, folder).finished;
    const took = seconds(startUs);
    if (code !== 0) return [{ bench: 'pipeline', skipped: `up --once ended with ${code}: ${said}` }];
    const { collected, accepted, scenarios, examples } = JSON.parse(stdout) as Record<string, number>;
    return [
      {
        bench: 'pipeline',
        measure: 'artifacts through the pipeline, from command to dataset',
        unit: 'artifacts/s',
        value: FILES / took,
        note:
          `${FILES} files of ${FILE_CHARS} characters in ${took.toFixed(1)} s with start and stop, sync_interval always: ` +
          `collected ${collected}, accepted ${accepted}, scenarios ${scenarios}, examples ${examples}`,
      },
    ];
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
