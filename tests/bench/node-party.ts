/** A node in a process of its own, as `node start` runs one. */
import { pino } from 'pino';
import { fileURLToPath } from 'node:url';
import { loadSettings } from '../../config/load-settings.ts';
import { startNode } from '../../nodes/start-node.ts';
import { serveParty } from './party.ts';

export interface NodeArgument {
  readonly url: string;
  readonly data: string;
  /** Turned off where the measured actor reads a clock, which a turn must not. */
  readonly determinismSample?: number;
}

export const NODE_PARTY = new URL(import.meta.url);
const APP = fileURLToPath(new URL('./bench-app.ts', import.meta.url));

if (process.argv[1] === fileURLToPath(NODE_PARTY)) {
  await serveParty<NodeArgument>(async ({ url, data, determinismSample }) => {
    const { settings } = loadSettings({ flags: { app: APP, data, determinismSample }, directory: data });
    const node = await startNode({
      settings,
      natsUrl: url,
      log: pino({ level: 'warn' }, pino.destination(2)),
      token: 'bench',
    });
    return {
      /** The processor time of all its threads since it started, in microseconds. */
      answer: async () => {
        const { user, system } = process.cpuUsage();
        return user + system;
      },
      stop: () => node.stop(),
    };
  });
}
