/**
 * `npm run bench -- [--only NAME]… [--json FILE]`: every number against the raw library's in the same run,
 * as one table. See docs/benchmarks.md for what each means and what is not measured.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ask } from './ask.ts';
import { checkpoints } from './checkpoints.ts';
import { durableTell } from './durable-tell.ts';
import { guard } from './guard.ts';
import { machine } from './machine.ts';
import { memory } from './memory.ts';
import type { Bench, Result } from './measurement.ts';
import { pipeline } from './pipeline.ts';
import { publishToHandler } from './publish-to-handler.ts';
import { recovery } from './recovery.ts';
import { render } from './render.ts';
import { startUp } from './start-up.ts';
import { stages } from './stages.ts';
import { supervision } from './supervision.ts';
import { turn } from './turn.ts';

// As the command does: what is measured is code that was compiled before.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('../../.cache/compiled', import.meta.url));

const BENCHES: readonly Bench[] = [
  durableTell,
  publishToHandler,
  ask,
  turn,
  memory,
  checkpoints,
  guard,
  recovery,
  pipeline,
  stages,
  startUp,
  supervision,
];

const USAGE = 'npm run bench -- [--only NAME]… [--json FILE]';
const NAMES = BENCHES.map(({ name }) => name).join(', ');

const values = given();
if (values.help === true) {
  console.log(`${USAGE}\nBenchmarks: ${NAMES}. See docs/benchmarks.md for what each means.`);
  process.exit(0);
}
const unknown = (values.only ?? []).filter((wanted) => !BENCHES.some(({ name }) => name === wanted));
if (unknown.length > 0) wrong(`There is no benchmark '${unknown.join("', '")}'; there are ${NAMES}.`);
const chosen = BENCHES.filter(({ name }) => values.only === undefined || values.only.includes(name));

const about = await machine();
const results: Result[] = [];
for (const bench of chosen) {
  console.error(`${bench.name} …`);
  try {
    results.push(...(await bench.run((line) => console.error(`  ${line}`))));
  } catch (error) {
    console.error(error);
    results.push({ bench: bench.name, skipped: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
  }
}
console.log(render(about, results));
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ ...about, results }, null, 2)}\n`);

function given(): { only?: string[]; json?: string; help?: boolean } {
  try {
    return parseArgs({
      options: {
        only: { type: 'string', multiple: true },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    return wrong(`${(error as Error).message}\n${USAGE}`);
  }
}

function wrong(why: string): never {
  console.error(why);
  process.exit(2);
}
