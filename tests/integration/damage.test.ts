/** Local state is a cache: lost or damaged files cost time, nothing else. A log that was cut is another matter. */
import { closeSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Address } from '../../protocol/address.ts';
import { useSystem } from '../harness/test-node.ts';

const system = useSystem({ shards: 2 });
const actors = Array.from({ length: 24 }, (_, number): Address => `counter/actor-${number}`);

const fileOf = (shard: number): string => join(system.data, 'shards', String(shard), 'data.mdb');
const files = (): readonly [string, string] => [fileOf(0), fileOf(1)];
const hashes = () =>
  Promise.all(
    actors.map(async (address) => ((await system.sys('hash', { address })).value as { hash: string }).hash),
  );
const published = async () => {
  const { event, dead } = system.subjects.streams;
  const count = async (stream: string) => (await system.jsm.streams.info(stream)).state.messages;
  return { events: await count(event), deadLetters: await count(dead) };
};

/** Everything that a store holds: rows, timers, waiting messages, poison, marks, answers. */
async function live(): Promise<void> {
  await system.sys('order', { address: 'counter/actor-3', order: 'resume' });
  await Promise.all(
    actors.map(async (address, number) => {
      const headers = { 'Banyan-Sender': 'anna', 'Banyan-Seq': '1' };
      await system.tell(address, { type: 'add', amount: number, note: 'n'.repeat(number * 50) }, { headers });
      await system.tell(address, { type: 'later', name: 'far', delayMs: 3_600_000, amount: 1 });
      if (number % 5 === 0) await system.tell(address, { type: 'fail' });
      await system.tell(address, { type: 'spread', keys: ['actor-0', `actor-${number}`], amount: 1 });
      await system.call(address, { type: 'add', amount: 1 });
    }),
  );
  await system.sys('order', { address: 'counter/actor-3', order: 'pause' });
  await system.tell('counter/actor-3', { type: 'add', amount: 100 });
  await system.idle();
}

/** A small generator, so that the same bytes are hit in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
}

/** Flips a byte in every so many, at pseudo-random places. */
function flip(file: string, seed: number, every: number, from = 0): void {
  const bytes = readFileSync(file);
  const next = numbers(seed);
  for (let start = from; start + every <= bytes.length; start += every) {
    const at = start + (next() % every);
    bytes[at] = (bytes[at] ?? 0) ^ (1 + (next() % 255));
  }
  writeFileSync(file, bytes);
}

function overwrite(file: string, from: number, length: number): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, new Uint8Array(length).fill(0xff), 0, length, from);
  closeSync(handle);
}

const PAGE = 4_096;

// Two kinds at a time, one for each shard.
test.each([
  {
    first: {
      how: 'cut in half',
      damage: (file: string) => truncateSync(file, readFileSync(file).length / 2),
    },
    second: { how: 'cut within a page', damage: (file: string) => truncateSync(file, 3 * PAGE + 100) },
  },
  {
    first: { how: 'of zero length', damage: (file: string) => truncateSync(file, 0) },
    second: { how: 'deleted', damage: (file: string) => rmSync(file) },
  },
  {
    first: { how: 'flipped in every page', damage: (file: string) => flip(file, 1, PAGE) },
    second: { how: 'flipped in many places', damage: (file: string) => flip(file, 2, 97) },
  },
  {
    first: { how: 'flipped behind its head', damage: (file: string) => flip(file, 3, 512, 2 * PAGE) },
    second: { how: 'without its head', damage: (file: string) => overwrite(file, 0, 2 * PAGE) },
  },
  {
    first: {
      how: 'deleted with its folder',
      damage: (file: string) => rmSync(dirname(file), { recursive: true }),
    },
    second: {
      how: 'of another kind',
      damage: (file: string) => writeFileSync(file, 'no database\n'.repeat(999)),
    },
  },
])(
  'local state $first.how or $second.how is rebuilt from the log, which is said, and is the same',
  async (damages) => {
    await live();
    const before = { hashes: await hashes(), published: await published() };
    await system.stop();
    const [first, second] = files();
    damages.first.damage(first);
    damages.second.damage(second);
    await system.start();
    await system.idle();
    expect(await hashes()).toEqual(before.hashes);
    expect(await published()).toEqual(before.published);
    const said = system.logged.filter(({ msg }) => msg.includes('rebuilt from the log'));
    expect(new Set(said.map(({ shard }) => shard))).toEqual(new Set([0, 1]));
  },
);

test('local state that is not damaged is used as it is', async () => {
  const before = await hashes();
  await system.stop();
  await system.start();
  await system.idle();
  expect(await hashes()).toEqual(before);
  expect(system.logged.filter(({ msg }) => msg.includes('rebuilt'))).toEqual([]);
});
