/** A node with everything around it: the data directory, the embedded broker, run.json. */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Settings } from '../../../config/settings.ts';
import { type EmbeddedBroker, startEmbeddedBroker } from '../../broker/embedded-broker.ts';
import { findNatsServer } from '../../broker/find-nats-server.ts';
import { identify } from '../../broker/process-identity.ts';
import { openDataDirectory } from '../../data-directory.ts';
import { removeRunFile, type RunFile, writeRunFile } from '../../run-file.ts';
import { type RunningNode, startNode } from '../../start-node.ts';
import { VERSION } from '../../version.ts';

export interface NodeSession {
  readonly node: RunningNode;
  readonly run: RunFile;
  /** Whether it runs the pipeline's agent, which collects what the orchestrator assigns. */
  readonly collects: boolean;
  /** Stops in the reverse order; whatever fails, the rest is stopped too. */
  stop(): Promise<void>;
}

export interface SessionOptions {
  readonly settings: Settings;
  readonly log: Logger;
  /** Start a broker of our own when the settings name none. */
  readonly embedBroker: boolean;
}

/**
 * Starts a node. Throws what its parts throw: `data.*`, `broker.*`, `definition.*`, `partition.count`,
 * `namespace.owned`; what had been started is stopped then.
 */
export async function startSession({ settings, log, embedBroker }: SessionOptions): Promise<NodeSession> {
  const undo: (() => Promise<void> | void)[] = [];
  const stop = once(() => undoAll(undo, log));
  try {
    const directory = await openDataDirectory(settings.data);
    undo.push(() => directory.release());
    const local = { ...settings, data: directory.path };
    const broker = embedBroker && settings.nats.url === undefined ? await startBroker(local, log) : undefined;
    if (broker !== undefined) undo.push(() => broker.stop());
    const natsUrl = broker?.url ?? settings.nats.url ?? '';
    const token = randomBytes(24).toString('base64url');
    const brokerReturns = broker !== undefined;
    const node = await startNode({ settings: local, natsUrl, brokerReturns, log, token });
    undo.push(() => node.stop());
    const run: RunFile = {
      pid: process.pid,
      startTime: identify(process.pid)?.startTime ?? '',
      node: node.id,
      namespace: settings.namespace,
      nats: natsUrl,
      http: node.http,
      token,
      startedAt: new Date().toISOString(),
      version: VERSION,
      app: settings.app === undefined ? null : resolve(settings.app),
      turnVersion: node.system.turnVersion,
    };
    writeRunFile(directory.path, run);
    undo.push(() => removeRunFile(directory.path));
    const collects = node.system.kinds.has('node') && node.system.kinds.has('orchestrator');
    return { node, run, collects, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startBroker({ data, broker: { port } }: Settings, log: Logger): Promise<EmbeddedBroker> {
  const natsServer = await findNatsServer({ log: (line) => log.info(line) });
  const broker = await startEmbeddedBroker({
    dataDir: data,
    natsServer: natsServer.path,
    ...(port === 0 ? {} : { port }),
    log,
  });
  log.info({ url: broker.url, version: natsServer.version }, 'the broker runs');
  return broker;
}

async function undoAll(undo: (() => Promise<void> | void)[], log: Logger): Promise<void> {
  for (const step of undo.splice(0).toReversed()) {
    try {
      await step();
    } catch (error) {
      log.error({ err: error }, 'something did not stop in order');
    }
  }
}

function once(body: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= body());
}
