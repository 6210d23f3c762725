/** A node in its own process on a benchmark's broker, as its clients see it. */
import type { NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import { decode, encode } from '../../protocol/codec.ts';
import { type Subjects, subjectsOf } from '../../protocol/subjects.ts';
import type { BenchBroker } from './broker.ts';
import { NODE_PARTY, type NodeArgument, type NodeRequest } from './node-party.ts';
import { type Party, startParty } from './party.ts';
import { until } from './until.ts';

export interface BenchNodeOptions {
  readonly namespace?: string;
  readonly determinismSample?: number;
  readonly app?: string;
  readonly pipeline?: boolean;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly logLevel?: string;
  /** Without them, end the node with `kill`; see `without-checkpoints.ts`. */
  readonly checkpoints?: boolean;
}

export interface BenchNode {
  readonly party: Party;
  readonly subjects: Subjects;
  /** Its local state; it may be deleted once the node has ended. */
  readonly data: string;
  /** A request; throws what is answered. */
  request(subject: string, body?: object, timeoutMs?: number): Promise<unknown>;
  /** Resolves when everything published so far was processed. */
  idle(): Promise<void>;
  /** The processor time that its process has used, in microseconds. */
  cpuUs(): Promise<number>;
  /** Resolves when every partition is ready. */
  ready(): Promise<void>;
  /** A message that only actors send. */
  tell(to: string, message: { readonly type: string }): Promise<void>;
  /** How many messages it has turned since it started. */
  turns(): Promise<number>;
}

const TIMEOUT_MS = 30_000;
const WITHOUT_CHECKPOINTS = new URL('./without-checkpoints.ts', import.meta.url);

export async function startBenchNode(
  broker: BenchBroker,
  connection: NatsConnection,
  { namespace = 'banyan', checkpoints = true, ...options }: BenchNodeOptions = {},
): Promise<BenchNode> {
  const subjects = subjectsOf(namespace);
  const data = join(broker.folder, `data-${namespace}`);
  const argument: NodeArgument = { url: broker.url, data, namespace, ...options };
  const party = await startParty(NODE_PARTY, argument, checkpoints ? undefined : WITHOUT_CHECKPOINTS);
  const op = (name: 'cpu' | 'ready' | 'turns'): Promise<unknown> =>
    party.request({ op: name } satisfies NodeRequest);
  const request = async (subject: string, body: object = {}, timeoutMs = TIMEOUT_MS): Promise<unknown> => {
    const reply = decode((await connection.request(subject, encode(body), { timeout: timeoutMs })).data);
    const { ok, value, error } = reply as { ok: boolean; value: unknown; error: unknown };
    if (!ok) throw new Error(`${subject}: ${JSON.stringify(error)}`);
    return value;
  };
  return {
    party,
    subjects,
    data,
    request,
    idle: async () => {
      await until(async () => {
        const { idle } = (await request(subjects.sys('work'))) as { idle: boolean };
        return idle || undefined;
      });
    },
    cpuUs: async () => (await op('cpu')) as number,
    ready: async () => void (await op('ready')),
    tell: async (to, message) => {
      await party.request({ op: 'tell', to, message } satisfies NodeRequest);
    },
    turns: async () => (await op('turns')) as number,
  };
}
