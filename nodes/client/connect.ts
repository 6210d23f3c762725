/** `connectBanyan`: one connection, and everything that can be said over it. */
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { LIMITS } from '../../config/limits.ts';
import type { MessageSchemas, Ref } from '../../protocol/contract.ts';
import { subjectsOf } from '../../protocol/subjects.ts';
import { connectBroker } from '../connect.ts';
import { type EventFilter, type EventStream, openEvents } from './events.ts';
import { type Encoding, exchange } from './exchange.ts';
import {
  ask,
  type Asked,
  type AskOptions,
  call,
  type Called,
  type CallOptions,
  submit,
  type SubmitOptions,
} from './requests.ts';
import { type MessageInput, publishMessage, type Stored, type TellOptions } from './tell.ts';

export interface ConnectOptions {
  /** URLs of the broker; several are members of one cluster. */
  readonly servers: string | readonly string[];
  /** `banyan` unless told. */
  readonly namespace?: string;
  /** Path of a credentials file. */
  readonly creds?: string;
  /** Keep trying until the broker answers, instead of failing when it does not at first. */
  readonly waits?: boolean;
  /** What the broker's lists show of this client. */
  readonly name?: string;
  /** From the data directory's run.json: what only its owner may ask for. */
  readonly token?: string;
  /** `msgpack` unless told. */
  readonly encoding?: Encoding;
}

/** A connected client. It reconnects by itself; a message counts as sent only when its promise resolves. */
export interface BanyanClient {
  readonly namespace: string;
  /** For what this interface does not cover. */
  readonly connection: NatsConnection;

  /**
   * Appends a message to the actor's mailbox: durable, in order, effect exactly once. It is not validated
   * here: one that its actor does not take becomes a dead letter; use `submit` to hear of it.
   * Throws `address.invalid`, `message.too_large`, `message.not_encodable`, `message.sequence`, `log.full`,
   * `log.unavailable` (it may have been stored: repeat it with the same id), `node.unreachable`.
   */
  tell<M extends MessageSchemas>(
    to: Ref<M>,
    message: MessageInput<M>,
    options?: TellOptions,
  ): Promise<Stored>;

  /** As `tell`, but a node validates it first: throws the `message.*` and `actor.*` codes too. */
  submit<M extends MessageSchemas>(
    to: Ref<M>,
    message: MessageInput<M>,
    options?: SubmitOptions,
  ): Promise<Stored>;

  /** As `submit`, and waits for what the turn replies. Throws `call.timeout`; the message may still take effect. */
  call<T = unknown, M extends MessageSchemas = MessageSchemas>(
    to: Ref<M>,
    message: MessageInput<M>,
    options?: CallOptions,
  ): Promise<Called<T>>;

  /** Reads committed state. Throws `actor.unknown_query`, `query.invalid`, `partition.unavailable`, `call.timeout`. */
  ask<T = unknown>(to: Ref, query: string, input?: object, options?: AskOptions): Promise<Asked<T>>;

  /** Events of actors as they come, at least once. */
  events<Payload = Readonly<Record<string, unknown>>>(filter?: EventFilter): Promise<EventStream<Payload>>;

  /** A request to the runtime itself, such as `tree` or `health`; of a reply `{ok, value}` only the value. */
  sys<T = unknown>(endpoint: string, body?: object, options?: { readonly timeoutMs?: number }): Promise<T>;

  close(): Promise<void>;
}

/** The header that carries {@link ConnectOptions.token}. */
const TOKEN_HEADER = 'Banyan-Token';

/** Connects to the broker. Throws `broker.unreachable` when the first attempt fails and it was not told to wait, and `config.invalid`. */
export async function connectBanyan(options: ConnectOptions): Promise<BanyanClient> {
  const {
    servers,
    creds,
    waits,
    token,
    encoding = 'msgpack',
    namespace = 'banyan',
    name = 'banyan-client',
  } = options;
  const subjects = subjectsOf(namespace);
  const url = typeof servers === 'string' ? servers : servers.join(',');
  const connection = await connectBroker({ url, creds, waits }, name);
  const js = jetstream(connection);
  const parts = { connection, js, subjects, encoding };
  return {
    namespace,
    connection,
    tell: (to, message, tellOptions = {}) => publishMessage(parts, to, message, tellOptions),
    submit: (to, message, submitOptions = {}) => submit(parts, to, message, submitOptions),
    call: (to, message, callOptions = {}) => call(parts, to, message, callOptions),
    ask: (to, query, input = {}, askOptions = {}) => ask(parts, to, query, input, askOptions),
    events: (filter = {}) => openEvents(js, subjects, filter),
    async sys<T>(
      endpoint: string,
      body: object = {},
      sysOptions: { readonly timeoutMs?: number } = {},
    ): Promise<T> {
      const reply = await exchange(parts, subjects.sys(endpoint), body, {
        timeoutMs: sysOptions.timeoutMs ?? LIMITS.askTimeoutMs,
        headers: { [TOKEN_HEADER]: token },
      });
      return (isWrapped(reply) ? reply.value : reply) as T;
    },
    // Not drain: it would wait for a broker that is gone.
    close: () => connection.close(),
  };
}

function isWrapped(reply: unknown): reply is { ok: true; value: unknown } {
  return typeof reply === 'object' && reply !== null && (reply as { ok?: unknown }).ok === true;
}
