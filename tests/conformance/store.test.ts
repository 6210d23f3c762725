/** Both stores run the conformance suite; LMDB's files are also killed under, damaged and aged. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { randomSequence } from '../../runtime/randomness.ts';
import { checkStore, distrustStore } from '../../runtime/store-check.ts';
import { LmdbStore } from '../../runtime/store-lmdb.ts';
import { MemoryStore } from '../../runtime/store-memory.ts';
import { describeStore } from './store.ts';

const folders: string[] = [];
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-store-'));
  folders.push(folder);
  return folder;
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const mustNot = (reason: string): never => {
  throw new Error(`rebuilt: ${reason}`);
};

describeStore('MemoryStore', () => ({ durable: false, open: () => new MemoryStore(), remove: () => {} }));

describeStore('LmdbStore', () => {
  const folder = join(newFolder(), 'store');
  return {
    durable: true,
    open: () => LmdbStore.open(folder, mustNot),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
});

/** Opens as a shard does, and says what was found; the check runs in a process of its own. */
async function checkAndOpen(folder: string): Promise<{ store: LmdbStore; reasons: string[] }> {
  const reasons: string[] = [];
  await checkStore(folder, (reason) => reasons.push(reason));
  const store = LmdbStore.open(folder, (reason) => reasons.push(reason));
  return { store, reasons };
}

const contents = (store: LmdbStore): string[] =>
  [...store.range('row|', {})].map(([name, value]) => `${name}=${Buffer.from(value).toString('base64')}`);

/** A closed store with values of many sizes, some of them replaced and deleted. */
async function sample(rows = 200): Promise<{ folder: string; rows: string[] }> {
  const folder = join(newFolder(), 'store');
  const store = LmdbStore.open(folder, mustNot);
  for (let round = 0; round < 4; round++) {
    store.commit(
      Array.from({ length: rows }, (_, i) => {
        const value =
          (i + round) % 7 === 0 ? undefined : Buffer.alloc((i * 37 * (round + 1)) % 6_000, i % 251);
        return [`row|${String(i).padStart(5, '0')}`, value] as const;
      }),
    );
  }
  const kept = contents(store);
  await store.close();
  return { folder, rows: kept };
}

describe('LmdbStore: a process that is killed', () => {
  const writer = fileURLToPath(new URL('store-writer.fixture.ts', import.meta.url));

  test('what it had committed is there, and no commit is there in half', async () => {
    const folder = join(newFolder(), 'store');
    let before = 0;
    for (const commits of [1, 40, 700]) {
      const child = spawn(process.execPath, [writer, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
      let said = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        said = Number(line);
        if (said >= before + commits) child.kill('SIGKILL');
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      expect(said).toBeGreaterThanOrEqual(before + commits);
      const { store, reasons } = await checkAndOpen(folder);
      const [left, right] = ['left', 'right'].map((name) =>
        Number(Buffer.from(store.get(name) ?? []).toString()),
      );
      expect(reasons).toEqual([]);
      expect(left).toBe(right);
      expect(left).toBeGreaterThanOrEqual(said);
      before = left as number;
      await store.close();
    }
  });
});

describe('LmdbStore: files that are damaged', () => {
  /** Everything is kept, or nothing is and a reason was given; the store works either way. */
  async function expectSound(folder: string, rows: string[]): Promise<boolean> {
    const { store, reasons } = await checkAndOpen(folder);
    const kept = contents(store);
    if (reasons.length === 0) expect(kept).toEqual(rows);
    else expect(kept).toEqual([]);
    store.commit(Array.from({ length: 300 }, (_, i) => [`row|z${i}`, Buffer.alloc(3_000, 1)]));
    expect(contents(store)).toHaveLength(kept.length + 300);
    await store.close();
    return reasons.length === 0;
  }

  /** Whether everything was kept. */
  async function damaged(
    damage: (file: string, random: () => number) => void,
    seed: string,
  ): Promise<boolean> {
    const { folder, rows } = await base;
    const copy = join(newFolder(), 'store');
    cpSync(folder, copy, { recursive: true });
    damage(join(copy, 'data.mdb'), randomSequence(seed));
    try {
      return await expectSound(copy, rows);
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause });
    }
  }

  const base = sample();

  test('bytes that are flipped anywhere lose everything with a reason, or nothing', async () => {
    let kept = 0;
    for (let round = 0; round < 12; round++) {
      const sound = await damaged((file, random) => {
        const content = readFileSync(file);
        for (let i = 0; i <= random() * 40; i++) {
          // Half of them where pages have their headers and pointers.
          const at = Math.floor(random() * content.length);
          const place = random() < 0.5 ? at : at - (at % 4_096) + Math.floor(random() * 64);
          content[place] = (content[place] as number) ^ (1 << Math.floor(random() * 8));
        }
        writeFileSync(file, content);
      }, `flip ${round}`);
      if (sound) kept++;
    }
    expect(kept).toBeLessThan(12);
  });

  test('a file that is cut short loses everything with a reason, or nothing', async () => {
    let kept = 0;
    for (let round = 0; round < 6; round++) {
      const cut = (file: string, random: () => number): void =>
        truncateSync(file, Math.floor(random() * statSync(file).size));
      if (await damaged(cut, `cut ${round}`)) kept++;
    }
    expect(kept).toBeLessThan(6);
  });

  test('an empty file and one of garbage are rebuilt with a reason', async () => {
    expect(await damaged((file) => truncateSync(file, 0), 'empty')).toBe(false);
    expect(await damaged((file) => writeFileSync(file, 'not a database'), 'short')).toBe(false);
    const garbage = (file: string, random: () => number): void =>
      writeFileSync(file, Buffer.from(Array.from({ length: 65_536 }, () => random() * 256)));
    expect(await damaged(garbage, 'garbage')).toBe(false);
  });

  test('a store that is sound passes the check and stays as it is', async () => {
    expect(await damaged(() => {}, 'none')).toBe(true);
  });

  test('a folder without a store passes the check, and the store is made without a reason', async () => {
    const { store, reasons } = await checkAndOpen(join(newFolder(), 'store'));
    expect(reasons).toEqual([]);
    await store.close();
  });
});

describe('LmdbStore: files of another time', () => {
  const reopen = (folder: string, boot?: string): { store: LmdbStore; reasons: string[] } => {
    const reasons: string[] = [];
    return { store: LmdbStore.open(folder, (reason) => reasons.push(reason), boot), reasons };
  };

  /** A store as a process leaves it that ended without closing: its files are copied while it is open. */
  async function unclean(boot: string): Promise<string> {
    const { store } = reopen(join(newFolder(), 'store'), boot);
    store.commit([['row|a', Buffer.from('1')]]);
    const copy = join(newFolder(), 'store');
    cpSync(folders.at(-2) as string, join(copy, '..'), { recursive: true });
    await store.close();
    return copy;
  }

  test('one that was not closed before the machine restarted is emptied', async () => {
    const { store, reasons } = reopen(await unclean('monday'), 'tuesday');
    expect(reasons).toEqual([expect.stringContaining('the machine has restarted')]);
    expect(contents(store)).toEqual([]);
    await store.close();
  });

  test('one that was not closed while the machine went on is kept', async () => {
    const { store, reasons } = reopen(await unclean('monday'), 'monday');
    expect(reasons).toEqual([]);
    expect(contents(store)).toHaveLength(1);
    await store.close();
  });

  test('one that was closed is kept over a restart of the machine', async () => {
    const { folder, rows } = await sample(20);
    const { store, reasons } = reopen(folder, 'tuesday');
    expect(reasons).toEqual([]);
    expect(contents(store)).toEqual(rows);
    await store.close();
  });

  test('one of a newer format is emptied, and says which', async () => {
    const folder = join(newFolder(), 'store');
    const { store } = reopen(folder);
    store.commit([
      ['!format', Buffer.from('9')],
      ['row|a', Buffer.from('1')],
    ]);
    await store.close();
    const second = reopen(folder);
    expect(second.reasons).toEqual(['its format is 9, this release writes 1']);
    expect(contents(second.store)).toEqual([]);
    await second.store.close();
    const third = reopen(folder);
    expect(third.reasons).toEqual([]);
    await third.store.close();
  });

  test('its files are data.mdb and lock.mdb, nothing else', async () => {
    const { folder } = await sample(5);
    expect(readdirSync(folder).sort()).toEqual(['data.mdb', 'lock.mdb']);
  });
});

test('a store that turned out to be damaged while it was used is empty at the next start, and used from then on', async () => {
  const { folder } = await sample();
  distrustStore(folder);
  const first = await checkAndOpen(folder);
  expect(first.reasons).toEqual(['it was damaged when it was used']);
  expect(contents(first.store)).toEqual([]);
  await first.store.close();
  const second = await checkAndOpen(folder);
  expect(second.reasons).toEqual([]);
  await second.store.close();
});
