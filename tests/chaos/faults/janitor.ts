/** The program of `hireJanitor`: waits until whoever started it is gone, then removes what that one left. */
import { sweepUp } from './sweep-up.ts';

const folder = process.argv[2] ?? '';
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
let said = '';
for await (const chunk of process.stdin) said += String(chunk);
if (folder !== '') await sweepUp(folder, { keepsFiles: said === 'keep' });
