/** What can be checked over a connection: the broker, the streams, the nodes. */
import { jetstreamManager, JetStreamApiError, type StreamInfo } from '@nats-io/jetstream';
import { subjectsOf } from '../../../protocol/subjects.ts';
import { healthReplySchema } from '../../../protocol/wire.ts';
import { isSupportedVersion, SUPPORTED_VERSIONS } from '../../broker/nats-server-version.ts';
import type { BanyanClient } from '../../client/connect.ts';
import { attempt, type Check, failed, ok, warning } from './check.ts';
import { partitionChecks } from './partition-checks.ts';

const SLOW_MS = 50;
const FULL_SHARE = 0.8;
const STREAM_NOT_FOUND = 10059;

export async function clusterChecks(client: BanyanClient): Promise<Check[]> {
  return [
    ...broker(client),
    ...(await attempt('round-trip', 'Check the network to the broker.', () => roundTrip(client))),
    ...(await attempt('jetstream', 'Enable JetStream on the broker, and permit it to this user.', () =>
      streams(client),
    )),
    ...(await attempt('nodes', 'Start one with "banyan up" or "banyan node start".', () => nodes(client))),
  ];
}

function broker({ connection }: BanyanClient): Check[] {
  const info = connection.info;
  if (info === undefined)
    return [failed('broker', 'it did not introduce itself', 'Check that it is a nats-server.')];
  const { version, host, port, max_payload: maxPayload, auth_required: auth } = info;
  const local = /^(127\.|::1$|localhost$)/.test(host);
  return [
    isSupportedVersion(version)
      ? ok('broker', `nats-server ${version} at ${host}:${port}, messages up to ${maxPayload} bytes`)
      : failed('broker', `nats-server ${version}`, `Upgrade it to ${SUPPORTED_VERSIONS}.`),
    auth === true || local
      ? ok('authentication', auth === true ? 'required' : 'none, and reachable from this machine only')
      : warning(
          'authentication',
          `none, at ${host}`,
          'Require credentials: whoever reaches the broker can do everything.',
        ),
  ];
}

async function roundTrip({ connection }: BanyanClient): Promise<Check> {
  const ms = await connection.rtt();
  if (ms <= SLOW_MS) return ok('round-trip', `${ms} ms`);
  return warning(
    'round-trip',
    `${ms} ms`,
    'Bring nodes and broker closer together: every durable message waits for it.',
  );
}

async function streams({ connection, namespace }: BanyanClient): Promise<Check[]> {
  const jsm = await jetstreamManager(connection);
  const { streams: names, all, deadSettled } = subjectsOf(namespace);
  const found = await Promise.all([
    find(jsm, names.mailbox),
    find(jsm, names.event),
    find(jsm, names.dead, all.dead),
  ]);
  const [mailbox, events, dead] = found;
  if (mailbox === undefined || events === undefined || dead === undefined) {
    return [ok('jetstream', `the namespace ${namespace} does not exist yet; the first node makes it`)];
  }
  return [mailboxCheck(mailbox), replicas(mailbox), deadLetters(dead, deadSettled)];
}

async function find(
  jsm: Awaited<ReturnType<typeof jetstreamManager>>,
  name: string,
  counted?: string,
): Promise<StreamInfo | undefined> {
  try {
    return await jsm.streams.info(name, counted === undefined ? {} : { subjects_filter: counted });
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return undefined;
    throw error;
  }
}

function mailboxCheck({ state, config }: StreamInfo): Check {
  const used = config.max_bytes > 0 ? state.bytes / config.max_bytes : 0;
  const detail = `${state.messages} entries, ${Math.round(used * 100)} % of ${config.max_bytes} bytes`;
  if (used < FULL_SHARE) return ok('mailbox', detail);
  return warning('mailbox', detail, 'Add nodes or raise mailbox.maxBytes; a full one refuses publishers.');
}

function replicas({ config }: StreamInfo): Check {
  if (config.num_replicas >= 3) return ok('replicas', String(config.num_replicas));
  return warning(
    'replicas',
    `${config.num_replicas}: while that broker is down, nothing moves`,
    'One is enough to start with; production wants three brokers.',
  );
}

/** Tombstones of settled ones stand in the same stream. */
function deadLetters({ state }: StreamInfo, settled: string): Check {
  const counts = Object.entries(state.subjects ?? {}).filter(([subject]) => subject !== settled);
  const letters = counts.reduce((sum, [, count]) => sum + count, 0);
  if (letters === 0) return ok('dead-letters', 'none');
  return warning('dead-letters', String(letters), 'Look at them with "banyan dead list".');
}

async function nodes(client: BanyanClient): Promise<Check[]> {
  const { node, version, ready, checks } = healthReplySchema.parse(await client.sys('health'));
  // Stopped partitions have findings of their own.
  const failing = checks.filter((check) => !check.ok && check.name !== 'partitions');
  return [
    ready
      ? ok('nodes', `${node} is ready, version ${version}`)
      : failed('nodes', `${node} is not ready`, 'See the next lines.'),
    ...failing.map(({ name, detail }) =>
      failed(`node-${name}`, detail ?? 'it fails', 'See the log of the node.'),
    ),
    ...(await partitionChecks(client)),
  ];
}
