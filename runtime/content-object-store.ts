/** Large content in a JetStream object store. An object's name is its own hash, so writing twice is harmless. */
import { createHash } from 'node:crypto';
import { jetstream, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { type ObjectInfo, type ObjectStore, Objm } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import { LIMITS } from '../config/limits.ts';
import { BanyanError } from '../protocol/errors.ts';
import { systemClock } from './clock.ts';
import type { ContentReference, ContentStore } from './content-store.ts';
import { available } from './log-jetstream.ts';
import { patiently } from './patience.ts';

/** A broker that was killed is back within a second; a task that waits so long may as well fail. */
const OUTAGE_MS = 60_000;

/** Waits for a broker that is away; after {@link OUTAGE_MS} every method throws `log.unavailable`. */
export class ObjectContentStore implements ContentStore {
  readonly #connection: NatsConnection;
  readonly #name: string;
  readonly #bucket: () => Promise<ObjectStore>;
  readonly #manager: () => Promise<JetStreamManager>;

  /** `bucket` is made when it is first used. */
  constructor(connection: NatsConnection, bucket: string) {
    let opened: Promise<ObjectStore> | undefined;
    let manager: Promise<JetStreamManager> | undefined;
    this.#connection = connection;
    this.#name = bucket;
    this.#manager = () => (manager ??= jetstreamManager(connection, { checkAPI: false }));
    this.#bucket = () => {
      opened ??= new Objm(jetstream(connection)).create(bucket).catch((cause: unknown) => {
        opened = undefined;
        throw new BanyanError('log.unavailable', {
          message: `The content store cannot be opened: ${String(cause)}`,
          cause,
        });
      });
      return opened;
    };
  }

  async put(bytes: Uint8Array): Promise<ContentReference> {
    if (bytes.byteLength > LIMITS.contentBytes)
      throw new BanyanError('content.too_large', {
        message: `${bytes.byteLength} bytes (at most ${LIMITS.contentBytes}).`,
      });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (!(await this.has(sha256)))
      await this.#patiently(async () => (await this.#bucket()).putBlob({ name: sha256 }, bytes));
    return { ref: sha256, sha256, bytes: bytes.byteLength };
  }

  async get(sha256: string): Promise<Uint8Array> {
    const info = await this.#info(sha256);
    if (info === null || info.deleted)
      throw new BanyanError('content.not_found', { message: `There is no content ${sha256}.` });
    const bytes = await this.#patiently(() => this.#chunks(info));
    const actual = createHash('sha256').update(bytes).digest('hex');
    if (actual !== sha256)
      throw new BanyanError('content.mismatch', {
        message: `The content stored as ${sha256} hashes to ${actual}.`,
      });
    return bytes;
  }

  /** Chunk by chunk: the client's own reader makes a consumer per object, and servers cap those at 1,000. */
  async #chunks({ nuid, chunks }: ObjectInfo): Promise<Uint8Array> {
    const jsm = await this.#manager();
    const subject = `$O.${this.#name}.C.${nuid}`;
    const parts: Uint8Array[] = [];
    for (let seq = 1; parts.length < chunks;) {
      const message = await jsm.direct.getMessage(`OBJ_${this.#name}`, { seq, next_by_subj: subject });
      if (message === null)
        throw new BanyanError('content.not_found', { message: `A chunk of ${subject} is missing.` });
      parts.push(message.data);
      seq = message.seq + 1;
    }
    return Buffer.concat(parts);
  }

  async has(sha256: string): Promise<boolean> {
    const info = await this.#info(sha256);
    return info !== null && !info.deleted;
  }

  #info(sha256: string): Promise<ObjectInfo | null> {
    return this.#patiently(async () => (await this.#bucket()).info(sha256));
  }

  /** What fails because the broker is away is not the content's fault, and is tried again. */
  #patiently<T>(attempt: () => Promise<T>): Promise<T> {
    const until = systemClock.now() + OUTAGE_MS;
    const stopped = (): boolean => this.#connection.isClosed() || systemClock.now() > until;
    return patiently(systemClock, stopped, () => available(attempt));
  }
}
