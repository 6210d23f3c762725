/**
 * A running system for a test file: a broker, a node that can be stopped and started again on the same data
 * directory, and a client. Everything is gone when the file's tests are done, however they ended.
 */
import { jetstream, type JetStreamClient, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { headers, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { loadSettings } from '../../config/load-settings.ts';
import type { Settings } from '../../config/settings.ts';
import { type RunningNode, startNode } from '../../nodes/start-node.ts';
import { type Address, parseAddress } from '../../protocol/address.ts';
import { decode, encode } from '../../protocol/codec.ts';
import { HEADER, JSON_CONTENT_TYPE } from '../../protocol/headers.ts';
import { partitionOf } from '../../protocol/partition-of.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import type { DeadLetter } from '../../protocol/wire.ts';
import { startTestBroker, type TestBroker } from './nats.ts';

/** The path of an application in `apps/`. */
export const appFile = (name: string): string => fileURLToPath(new URL(`./apps/${name}.ts`, import.meta.url));

/** Few, so that a start is fast and neighbours are easily found. */
export const PARTITIONS = 8;
export const TOKEN = 'the token of the test';

/** What every reply may hold. */
export interface Reply {
  readonly ok: boolean;
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly message: string; readonly path?: string };
  readonly seq?: number;
  readonly duplicate?: boolean;
}

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface RequestOptions {
  readonly json?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export type SettingsChange = { readonly [S in keyof Settings]?: Settings[S] };

/** What a start costs less with; a test that is about one of them says so. */
const FAST = { partitions: PARTITIONS, shards: 1, determinismSample: 0 } as const;

const PATIENCE_MS = 25_000;
/** Machines that test are busy, and a node takes its seconds to start there. */
const TEST_MS = 90_000;
const REQUEST_MS = 5_000;
const LOOK_MS = 20;

/** The system of a test file, started before its tests and gone after them. */
export function useSystem(change: SettingsChange = {}): TestSystem {
  vi.setConfig({ testTimeout: TEST_MS });
  const system = new TestSystem(change);
  beforeAll(() => system.open());
  afterAll(() => system.close());
  return system;
}

export class TestSystem {
  readonly subjects = subjectsOf('banyan');
  readonly data = mkdtempSync(join(tmpdir(), 'banyan-test-'));
  /** What the node has logged since it was started last. */
  readonly logged: LogLine[] = [];
  readonly #change: SettingsChange;
  #broker: TestBroker | undefined;
  #client: { connection: NatsConnection; js: JetStreamClient; jsm: JetStreamManager } | undefined;
  #node: RunningNode | undefined;

  constructor(change: SettingsChange = {}) {
    this.#change = change;
  }

  get broker(): TestBroker {
    return running(this.#broker, 'broker');
  }

  get node(): RunningNode {
    return running(this.#node, 'node');
  }

  get connection(): NatsConnection {
    return running(this.#client, 'client').connection;
  }

  get js(): JetStreamClient {
    return running(this.#client, 'client').js;
  }

  get jsm(): JetStreamManager {
    return running(this.#client, 'client').jsm;
  }

  /** Starts the broker, and the node unless told otherwise. */
  async open({ node = true } = {}): Promise<void> {
    this.#broker = await startTestBroker();
    const connection = await this.#broker.connect();
    this.#client = { connection, js: jetstream(connection), jsm: await jetstreamManager(connection) };
    if (node) await this.start();
  }

  async close(): Promise<void> {
    try {
      await this.stop();
    } finally {
      await this.#broker?.stop();
      rmSync(this.data, { recursive: true, force: true });
    }
  }

  settings(change: SettingsChange = {}): Settings {
    const { settings } = loadSettings({
      directory: this.data,
      flags: { data: this.data, app: appFile('counter'), ...FAST },
    });
    return { ...settings, ...this.#change, ...change };
  }

  /** Starts the node on what the last one left. */
  async start(change: SettingsChange = {}): Promise<void> {
    this.logged.length = 0;
    const log = pino({ level: 'debug' }, lines(this.logged));
    const settings = this.settings(change);
    this.#node = await startNode({ settings, natsUrl: this.broker.url, log, token: TOKEN });
  }

  /** Stops the node; the broker stays. */
  async stop(): Promise<void> {
    const node = this.#node;
    this.#node = undefined;
    await node?.stop();
  }

  partition(address: Address): number {
    const { kind, key } = parseAddress(address);
    return partitionOf(kind, key, PARTITIONS);
  }

  /** `count` addresses of counters in the same partition. */
  neighbours<N extends 1 | 2 | 3>(partition: number, count: N, prefix: string): Addresses[N] {
    const found: Address[] = [];
    for (let number = 0; found.length < count; number++) {
      const address: Address = `counter/${prefix}${number}`;
      if (this.partition(address) === partition) found.push(address);
    }
    return found as unknown as Addresses[N];
  }

  /** A durable message, published as any client would. */
  async tell(to: Address, message: object, options: RequestOptions = {}) {
    const { data, carried } = encoded(message, options);
    return this.js.publish(this.subjects.to(to), data, {
      headers: carried,
      timeout: options.timeoutMs ?? REQUEST_MS,
    });
  }

  submit(to: Address, message: object, options?: RequestOptions): Promise<Reply> {
    return this.request(this.subjects.submit(to), message, options);
  }

  call(to: Address, message: object, options?: RequestOptions): Promise<Reply> {
    return this.request(this.subjects.call(to), message, options);
  }

  sys(endpoint: string, body: object = {}): Promise<Reply> {
    return this.request(this.subjects.sys(endpoint), body);
  }

  /** The answer of a query; the errors of a starting shard are waited out. */
  async ask<T = unknown>(to: Address, query: string, input: object = {}): Promise<T> {
    const { ok, value, error } = await vi.waitFor(async () => {
      const reply = await this.request(this.subjects.ask(to, query), input);
      if (reply.error?.code === 'partition.unavailable') throw new Error(reply.error.message);
      return reply;
    }, EVENTUALLY);
    if (!ok) throw new Error(`${error?.code}: ${error?.message}`);
    return value as T;
  }

  total(to: Address): Promise<{ total: number; times: number }> {
    return this.ask(to, 'total');
  }

  async request(subject: string, body: object | Uint8Array, options: RequestOptions = {}): Promise<Reply> {
    return decoded(await this.exchange(subject, body, options));
  }

  /** As `request`, with the reply as it came. */
  async exchange(subject: string, body: object | Uint8Array, options: RequestOptions = {}): Promise<Msg> {
    const { data, carried } = encoded(body, options);
    const timeout = options.timeoutMs ?? REQUEST_MS;
    return this.connection.request(subject, data, { headers: carried, timeout });
  }

  /** Resolves when everything published so far has been processed. */
  async idle(): Promise<void> {
    await vi.waitFor(async () => {
      const { value } = await this.sys('work');
      expect(value).toMatchObject({ idle: true });
    }, EVENTUALLY);
  }

  /** Resolves with the line when the node has logged one with this text. */
  async hears(text: string): Promise<LogLine> {
    return vi.waitFor(() => {
      const line = this.logged.find(({ msg }) => msg.includes(text));
      if (line === undefined) throw new Error(`nothing was logged about '${text}'`);
      return line;
    }, EVENTUALLY);
  }

  /** Every dead letter that is not settled, or those of one actor. */
  async deadLetters(of?: Address): Promise<DeadLetter[]> {
    const letters: DeadLetter[] = [];
    const { state } = await this.jsm.streams.info(this.subjects.streams.dead);
    for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
      const stored = await this.jsm.streams.getMessage(this.subjects.streams.dead, { seq });
      if (stored === null || stored.subject === this.subjects.deadSettled) continue;
      letters.push(decode(stored.data) as DeadLetter);
    }
    return of === undefined ? letters : letters.filter(({ to }) => to === of);
  }

  /** Resolves with the only dead letter of an actor, as soon as there is one. */
  async deadLetter(of: Address): Promise<DeadLetter> {
    const letters = await vi.waitFor(async () => {
      const found = await this.deadLetters(of);
      expect(found.length).toBeGreaterThan(0);
      return found;
    }, EVENTUALLY);
    expect(letters).toHaveLength(1);
    return letters[0] as DeadLetter;
  }
}

interface Addresses {
  readonly 1: readonly [Address];
  readonly 2: readonly [Address, Address];
  readonly 3: readonly [Address, Address, Address];
}

/** How long something that must happen may take, and how often one looks. */
export const EVENTUALLY = { timeout: PATIENCE_MS, interval: LOOK_MS } as const;

function running<T>(part: T | undefined, name: string): T {
  if (part === undefined) throw new Error(`the ${name} is not running`);
  return part;
}

function encoded(body: object | Uint8Array, { json = false, headers: given = {} }: RequestOptions) {
  const carried: MsgHdrs = headers();
  for (const [name, value] of Object.entries(given)) carried.set(name, value);
  if (json) carried.set(HEADER.contentType, JSON_CONTENT_TYPE);
  if (body instanceof Uint8Array) return { data: body, carried };
  return { data: json ? Buffer.from(JSON.stringify(body)) : encode(body), carried };
}

export function decoded(reply: Msg): Reply {
  const json = reply.headers?.get(HEADER.contentType).startsWith(JSON_CONTENT_TYPE) === true;
  return (json ? reply.json() : decode(reply.data)) as Reply;
}

function lines(into: LogLine[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      into.push(JSON.parse(chunk.toString()) as LogLine);
      done();
    },
  });
}
