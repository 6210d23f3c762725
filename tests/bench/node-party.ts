/** A node in a process of its own, as `node start` runs one. */
import { pino } from 'pino';
import { fileURLToPath } from 'node:url';
import { loadSettings } from '../../config/load-settings.ts';
import type { NodeView } from '../../nodes/node-view.ts';
import { startNode } from '../../nodes/start-node.ts';
import { serveParty } from './party.ts';
import { until } from './until.ts';

export interface NodeArgument {
  readonly url: string;
  readonly data: string;
  /** Several nodes share a broker, each with its own. */
  readonly namespace?: string;
  /** Turned off where the measured actor reads a clock, which a turn must not. */
  readonly determinismSample?: number;
  /** The path of an application; the benchmarks' own unless told. */
  readonly app?: string;
  /** The default application instead of one. */
  readonly pipeline?: boolean;
  /** Further settings, by path. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** `warn` unless told. */
  readonly logLevel?: string;
}

/**
 * `cpu`: the processor time of all its threads since it started, in microseconds. `ready`: resolves when every
 * partition is. `turns`: how many messages it has turned since it started. `tell`: a message that only actors send.
 */
export type NodeRequest =
  | { readonly op: 'cpu' | 'ready' | 'turns' }
  | { readonly op: 'tell'; readonly to: string; readonly message: { readonly type: string } };

export const NODE_PARTY = new URL(import.meta.url);
const APP = fileURLToPath(new URL('./bench-app.ts', import.meta.url));

if (process.argv[1] === fileURLToPath(NODE_PARTY)) {
  await serveParty<NodeArgument>(
    async ({
      url,
      data,
      namespace,
      determinismSample,
      pipeline,
      app = APP,
      logLevel = 'warn',
      settings: more,
    }) => {
      const flags = { ...(pipeline === true ? {} : { app }), data, namespace, determinismSample, ...more };
      const { settings } = loadSettings({ flags, directory: data });
      const node = await startNode({
        settings,
        natsUrl: url,
        log: pino({ level: logLevel }, pino.destination(2)),
        token: 'bench',
      });
      return {
        answer: async (request: NodeRequest) => {
          const { op } = request;
          if (op === 'tell') return node.tellInternal(request.to, request.message);
          if (op === 'ready') return until(() => everyPartitionReady(node.view));
          if (op === 'turns') return turnsOf(node.view);
          const { user, system } = process.cpuUsage();
          return user + system;
        },
        stop: () => node.stop(),
      };
    },
  );
}

async function everyPartitionReady(view: NodeView): Promise<true | undefined> {
  const partitions = (await view.statuses()).flatMap((status) => status.partitions);
  const stopped = partitions.find(({ status }) => status === 'stopped');
  if (stopped !== undefined)
    throw new Error(`Partition ${stopped.id} has stopped: ${stopped.error?.message}`);
  return partitions.every(({ status }) => status === 'ready') || undefined;
}

async function turnsOf(view: NodeView): Promise<number> {
  return (await view.statuses()).reduce((sum, { counters }) => sum + counters.turns, 0);
}
