/** One actor whose releases follow one another. */
import { encode } from '../protocol/codec.ts';
import { encodeFrame, encodeRecord } from '../protocol/frame.ts';
import { subjectsOf } from '../protocol/subjects.ts';
import { accountContract, createAccount, type Release, RELEASES } from './account.fixture.ts';
import { systemClock } from './clock.ts';
import { buckets } from './keys.ts';
import { MemoryLog } from './log-memory.ts';
import { seededRandomness } from './randomness.ts';
import { Shard } from './shard.ts';
import { MemoryStore } from './store-memory.ts';
import { decodeRow } from './stored-row.ts';

export const subjects = subjectsOf('test');
export const A = accountContract.at('a');
export const { first: FIRST, second: SECOND } = RELEASES;

let incarnations = 0;

/** One partition whose releases follow one another on the same store. */
export function world() {
  const log = new MemoryLog(subjects, 1, systemClock);
  let store = new MemoryStore();
  let shard: Shard | undefined;
  const running = (): Shard => shard as Shard;
  const settled = async (): Promise<void> => {
    for (let calm = 0; calm < 3;) {
      await new Promise((resolve) => setImmediate(resolve));
      const { queued, unacknowledged } = running().view.work();
      const position = running().view.partitionStatus()[0]?.position ?? 0;
      calm = queued + unacknowledged === 0 && position >= (await log.end(0)) ? calm + 1 : 0;
    }
  };
  return {
    log,
    rows: () => [...store.range(buckets.rows(0, A, 'deposits'), {})].map(([, bytes]) => decodeRow(bytes)),
    forgetStore: () => void (store = new MemoryStore()),
    async release(release: Release) {
      await shard?.stop(1_000);
      shard = new Shard({
        acceptTail: false,
        node: 'n1',
        owner: `test-${++incarnations}`,
        system: createAccount(release),
        subjects,
        partitions: { count: 1, owned: [0] },
        log,
        store,
        clock: systemClock,
        randomness: seededRandomness('test'),
        content: {
          put: async () => ({ ref: '', sha256: '', bytes: 0 }),
          get: async () => new Uint8Array(),
          has: async () => false,
        },
        answer: () => {},
        ask: async () => null,
        beacon: () => {},
        idle: () => {},
        onFault: (fault) => {
          throw fault;
        },
        report: () => {},
      });
      await shard.start();
      await settled();
    },
    async send(...messages: readonly object[]) {
      for (const message of messages) await log.publishMessage(subjects.to(A), encode(message));
      await settled();
    },
    async order(type: string) {
      const order = { kind: 'control', to: A, message: { type } } as const;
      await log.appendFrame(0, encodeFrame([encodeRecord(order)]), undefined);
      await settled();
    },
    async ask(query: string) {
      return (await running().view.ask(A, query, {})).value;
    },
    restart: () => running().view.restart(A),
    actor: () => running().view.actors({ limit: 1 })[0],
    hash: () => running().view.stateHash(A),
    deadLetters: () => [...log.published.values()].filter(({ subject }) => subject.includes('.dead.')).length,
  };
}

export const deposit = (amount: number, note = '') => ({ type: 'deposit', amount, note });
export const correct = (place: number, where: string) => ({ type: 'correct', place, in: where });
/** The second release with its rows, or with a state, that it cannot migrate. */
export const broken = (part: 'migrate' | 'migrateRow'): Release => ({
  ...SECOND,
  [part]: () => {
    throw new Error('forgot how it was');
  },
});

/** Three deposits of the first release, under another one. */
export async function upgradedTo(release: Release) {
  const at = world();
  await at.release(FIRST);
  await at.send(deposit(1), deposit(2), deposit(3));
  await at.release(release);
  return at;
}
