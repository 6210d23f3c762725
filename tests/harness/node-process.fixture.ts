/** The program of `node-process.ts`: a node as `node start` runs it. Says `ready` on standard output. */
import { pino } from 'pino';
import type { Settings } from '../../config/settings.ts';
import { startNode } from '../../nodes/start-node.ts';

const { settings, natsUrl } = JSON.parse(process.argv[2] ?? '{}') as { settings: Settings; natsUrl: string };
const log = pino({ level: 'info' }, pino.destination({ fd: 2, sync: true }));
const node = await startNode({ settings, natsUrl, log, token: 'the token of the test' });
process.once('SIGTERM', () => {
  void node.stop().then(() => process.exit(0));
});
process.stdout.write('ready\n');
