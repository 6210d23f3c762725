/**
 * `npm run bench -- [--only NAME]… [--json FILE]`: every number against the raw library's in the same run,
 * as one table. See docs/benchmarks.md for what each means and what is not measured.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ask } from './ask.ts';
import { durableTell } from './durable-tell.ts';
import { machine } from './machine.ts';
import { memory } from './memory.ts';
import type { Bench, Result } from './measurement.ts';
import { pipeline } from './pipeline.ts';
import { publishToHandler } from './publish-to-handler.ts';
import { render } from './render.ts';
import { startUp } from './start-up.ts';
import { turn } from './turn.ts';

const BENCHES: readonly Bench[] = [durableTell, publishToHandler, ask, turn, memory, pipeline, startUp];

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true }, json: { type: 'string' } },
});
const chosen = BENCHES.filter(({ name }) => values.only === undefined || values.only.includes(name));
if (chosen.length === 0) {
  console.error(`There is no such benchmark; there are ${BENCHES.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

const about = await machine();
const results: Result[] = [];
for (const bench of chosen) {
  console.error(`${bench.name} …`);
  try {
    results.push(...(await bench.run()));
  } catch (error) {
    console.error(error);
    results.push({ bench: bench.name, skipped: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
  }
}
console.log(render(about, results));
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ ...about, results }, null, 2)}\n`);
