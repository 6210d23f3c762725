/** Asks actors for their state, as anybody may, while faults rule and when they are over. */
import type { NatsConnection } from '@nats-io/transport-node';
import type { Address } from '../../../protocol/address.ts';
import { decode, encode } from '../../../protocol/codec.ts';
import type { Subjects } from '../../../protocol/subjects.ts';
import { canonical, type FinalAnswer } from '../../simulation/checkers/judgement.ts';
import type { Draw } from '../../simulation/draw.ts';
import type { History } from '../../simulation/history.ts';
import { comes, lasting } from './passing-time.ts';

interface Reply {
  readonly ok: boolean;
  readonly value?: unknown;
  readonly epoch?: number;
  readonly cursor?: { readonly seq: number; readonly index: number };
  readonly error?: { readonly code: string; readonly message: string };
}

const TIMEOUT_MS = 2_000;
const PAUSE_MS = 150;
const PATIENCE_MS = 30_000;

export class Questions {
  readonly #connection: NatsConnection;
  readonly #subjects: Subjects;
  #isOver = false;

  constructor(connection: NatsConnection, subjects: Subjects) {
    this.#connection = connection;
    this.#subjects = subjects;
  }

  /** Asks now this one and now that one until {@link stop}; what was answered is evidence. */
  async wander(addresses: readonly Address[], draw: Draw, history: History): Promise<void> {
    while (!this.#isOver) {
      const address = draw.pick(addresses);
      const { ok, value, epoch, cursor } = await this.#ask(address);
      if (ok && cursor !== undefined && epoch !== undefined)
        history.answered.push({
          owner: `the owner of epoch ${epoch}`,
          epoch,
          address,
          query: 'all',
          said: canonical(value),
          cursor,
          askedMs: Date.now(),
        });
      await lasting(PAUSE_MS);
    }
  }

  stop(): void {
    this.#isOver = true;
  }

  /** Undefined when nobody answers in time. */
  async final(
    address: Address,
    partition: number,
    when: FinalAnswer['when'],
  ): Promise<FinalAnswer | undefined> {
    let answer: FinalAnswer | undefined;
    await comes(PATIENCE_MS, async () => {
      const { ok, value, cursor } = await this.#ask(address);
      if (!ok || cursor === undefined) return false;
      const hashed = await this.request(this.#subjects.sys('hash'), { address });
      if (!hashed.ok) return false;
      const { hash: stateHash } = hashed.value as { hash: string };
      answer = { address, partition, value, stateHash, cursor, when };
      return true;
    });
    return answer;
  }

  /** Whoever does not answer has not said yes. */
  async request(subject: string, body: object): Promise<Reply> {
    try {
      const { data } = await this.#connection.request(subject, encode(body), { timeout: TIMEOUT_MS });
      return decode(data) as Reply;
    } catch (error) {
      return { ok: false, error: { code: 'none', message: String(error) } };
    }
  }

  #ask(address: Address): Promise<Reply> {
    return this.request(this.#subjects.ask(address, 'all'), {});
  }
}
