/**
 * What must be true once `up --once` has ended, whatever was killed on the way: nothing lost, nothing twice.
 * Every check reads what the product left behind: its summary, its report, its streams and its export.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { type ExampleLine, exampleLine } from '../../actors/dataset/manifest.ts';
import { startEmbeddedBroker } from '../../nodes/broker/embedded-broker.ts';
import { findNatsServer } from '../../nodes/broker/find-nats-server.ts';
import { decode } from '../../protocol/codec.ts';
import { HEADER } from '../../protocol/headers.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import { command, dataOf, environment, outOf, type UpEnd } from './up-once.ts';

interface Summary {
  readonly accepted: number;
  readonly scenarios: number;
  readonly examples: number;
}

/** Says everything that is wrong; nothing is when the list is empty. `end` is of the last start. */
export async function checkOutcome(
  folder: string,
  identities: ReadonlySet<string>,
  end: UpEnd,
): Promise<string[]> {
  if (end.stuck) return [`the last start did not end within ${Math.round(end.durationMs)} ms`];
  if (end.code !== 0) return [`the last start ended with ${end.code ?? end.signal}`];
  const summary = JSON.parse(end.stdout) as Summary;
  const problems: string[] = [];
  const equal = (what: string, found: number, expected: number): void => {
    if (found !== expected) problems.push(`${what}: ${found} instead of ${expected}`);
  };
  equal('accepted, says the summary', summary.accepted, identities.size);

  const report = JSON.parse(readFileSync(join(outOf(folder), 'report.json'), 'utf8')) as Report;
  const held = report.domains.reduce((sum, { artifacts }) => sum + artifacts, 0);
  equal('artifacts of all domains, says the report', held, identities.size);

  const { events, deadLetters } = await readStreams(folder);
  equal('dead letters', deadLetters, 0);
  problems.push(...checkEvents(events, identities));
  equal('distinct scenario-fed events', named(events, 'scenario-fed').length, summary.scenarios);

  const examples = readExamples(outOf(folder));
  equal('examples in the export', examples.length, summary.examples);
  problems.push(
    ...twice(
      'example',
      examples.map(({ provenance }) => provenance.example),
    ),
  );
  problems.push(
    ...twice(
      'example of artifact',
      examples.map(({ provenance }) => provenance.artifact),
    ),
  );
  problems.push(
    ...twice(
      'example with',
      examples.map(({ input, output }) => JSON.stringify([input, output])),
    ),
  );
  const strangers = examples.filter(({ provenance }) => !identities.has(provenance.artifact));
  equal('examples of no known artifact', strangers.length, 0);
  problems.push(...(await verifyExport(folder)));
  return problems;
}

interface Report {
  readonly domains: readonly { readonly artifacts: number }[];
}

interface StoredEvent {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Events are stored at least once: those with the same id are one. */
async function readStreams(folder: string): Promise<{ events: StoredEvent[]; deadLetters: number }> {
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const { path } = await findNatsServer();
  const broker = await startEmbeddedBroker({ dataDir: dataOf(folder), natsServer: path, log: silent });
  try {
    const connection = await connect({ servers: broker.url });
    const { streams } = subjectsOf('banyan');
    const manager = await jetstreamManager(connection);
    const deadLetters = (await manager.streams.info(streams.dead)).state.messages;
    const events = new Map<string, StoredEvent>();
    const { messages } = (await manager.streams.info(streams.event)).state;
    if (messages > 0) {
      const from = { deliver_policy: DeliverPolicy.All };
      const consumer = await jetstream(connection).consumers.get(streams.event, from);
      for await (const message of await consumer.consume()) {
        const id = message.headers?.get(HEADER.from) ?? '';
        events.set(id, {
          name: message.subject.slice(message.subject.lastIndexOf('.') + 1),
          body: decode(message.data) as StoredEvent['body'],
        });
        if (message.info.pending === 0) break;
      }
    }
    await connection.close();
    return { events: [...events.values()], deadLetters };
  } finally {
    await broker.stop();
  }
}

const named = (events: readonly StoredEvent[], name: string): StoredEvent['body'][] =>
  events.filter((event) => event.name === name).map(({ body }) => body);

function checkEvents(events: readonly StoredEvent[], identities: ReadonlySet<string>): string[] {
  const accepted = named(events, 'artifact-accepted');
  // A higher claim about a known artifact announces it again, as its next version.
  const first = new Set(accepted.filter(({ version }) => version === 1).map(({ id }) => String(id)));
  const missing = [...identities].filter((id) => !first.has(id));
  const unknown = [...first].filter((id) => !identities.has(id));
  return [
    ...twice(
      'artifact-accepted of',
      accepted.map(({ id, version }) => `${String(id)} version ${String(version)}`),
    ),
    ...missing.map((id) => `never accepted: ${id}`),
    ...unknown.map((id) => `accepted, but of no document: ${id}`),
    ...twice(
      'scenario-fed of artifact',
      named(events, 'scenario-fed').map(({ artifact }) => String(artifact)),
    ),
    ...twice(
      'verdict-given on',
      named(events, 'verdict-given').map(({ scenario }) => String(scenario)),
    ),
    ...twice(
      'dataset-published of version',
      named(events, 'dataset-published').map(({ version }) => String(version)),
    ),
  ];
}

function twice(what: string, keys: readonly string[]): string[] {
  const seen = new Set<string>();
  const again = keys.filter((key) => seen.size === seen.add(key).size);
  return again.map((key) => `twice: ${what} ${key.slice(0, 200)}`);
}

/** Every line of every exported version. */
function readExamples(out: string): ExampleLine[] {
  const versions = readdirSync(out).filter((name) => /^v\d{4,}$/.test(name));
  return versions.flatMap((version) =>
    readdirSync(join(out, version))
      .filter((file) => file.endsWith('.jsonl'))
      .flatMap((file) => readFileSync(join(out, version, file), 'utf8').split('\n'))
      .filter((line) => line !== '')
      .map((line) => exampleLine.parse(JSON.parse(line))),
  );
}

function verifyExport(folder: string): Promise<string[]> {
  return new Promise((resolve) => {
    const verify = command('dataset', 'verify', '--json', '--out', outOf(folder));
    execFile(process.execPath, verify, { cwd: folder, env: environment() }, (error, stdout) => {
      const found = error === null ? (JSON.parse(stdout) as { ok: boolean; versions: number }) : undefined;
      if (found?.ok === true && found.versions > 0) resolve([]);
      else resolve([`dataset verify: ${stdout.trim() || (error?.message ?? 'it says nothing')}`]);
    });
  });
}
