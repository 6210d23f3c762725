/** The program of a test: starts what must not outlive it, in a folder that must not either. Says when it has. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hireJanitor } from './sweep-up.ts';

const folder = process.argv[2] ?? '';
hireJanitor(folder);
const lasting = join(folder, 'lasting.mjs');
writeFileSync(lasting, 'setInterval(() => {}, 1_000);\nprocess.send("runs");\n');
const child = spawn(process.execPath, [lasting], {
  detached: true,
  stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
});
child.once('message', () => process.stdout.write('started\n'));
