import { describe, expect, test } from 'vitest';
import { BanyanError } from '../protocol/errors.ts';
import { type MovingShard, PartitionMoves } from './move-partition.ts';

/** What a shard's `take` meets: it may not run, find that it cannot read the partition, or come too late. */
type Trouble = 'down' | 'unreadable' | 'too late';

/** Two shards of a node with the partitions 0 and 1, one each, and the log that they claim in. */
function open(troubles: readonly (Trouble | undefined)[] = []) {
  const done: string[] = [];
  const warned: string[] = [];
  let epoch = 1;
  const shards = [0, 1].map((index): MovingShard & { readonly owned: Set<number> } => {
    const id = `shard-${index}`;
    const owned = new Set([index]);
    return {
      id,
      index,
      owned,
      owns: (partition) => owned.has(partition),
      epochOf: async () => epoch,
      disown: (partition) => void owned.delete(partition),
      release: async (partition) => {
        owned.delete(partition);
        done.push(`${id} releases ${partition}`);
      },
      take: async (partition) => {
        owned.add(partition);
        done.push(`${id} takes ${partition}`);
        await Promise.resolve();
        if (troubles[index] === 'down') throw new BanyanError('partition.unavailable');
        if (troubles[index] === 'too late') {
          owned.delete(partition);
          throw new BanyanError('log.conflict');
        }
        const error = troubles[index] === 'unreadable' ? new BanyanError('store.full').toWire() : undefined;
        return { id: partition, status: 'ready', epoch: ++epoch, cursor: undefined, position: 0, error };
      },
    };
  });
  const report = (level: string, message: string): void => void (level === 'warn' && warned.push(message));
  return { done, warned, shards, moves: new PartitionMoves({ shards, partitions: 2, report }) };
}

const owners = (shards: readonly { readonly owned: ReadonlySet<number> }[]): number[][] =>
  shards.map(({ owned }) => [...owned].toSorted((a, b) => a - b));

describe('a move', () => {
  test('in order releases before it takes; by force it only takes', async () => {
    const { done, shards, moves } = open();
    expect(await moves.move({ partition: 0, shard: 1 })).toEqual({ partition: 0, shard: 1, epoch: 2 });
    await moves.move({ partition: 0, shard: 0, force: true });
    expect(done).toEqual(['shard-0 releases 0', 'shard-1 takes 0', 'shard-0 takes 0']);
    expect(owners(shards)).toEqual([[0], [1]]);
  });

  test('to where the partition is does nothing', async () => {
    const { done, moves } = open();
    expect(await moves.move({ partition: 1, shard: 1 })).toEqual({ partition: 1, shard: 1, epoch: 1 });
    expect(done).toEqual([]);
  });

  test.each(['down', 'unreadable'] as const)('to a shard that is %s is undone', async (trouble) => {
    const { done, warned, shards, moves } = open([undefined, trouble]);
    const code = trouble === 'down' ? 'partition.unavailable' : 'store.full';
    for (const force of [false, true]) {
      await expect(moves.move({ partition: 0, shard: 1, force })).rejects.toMatchObject({ code });
      expect(owners(shards)).toEqual([[0], [1]]);
      expect(done.at(-1)).toBe('shard-0 takes 0');
    }
    expect(warned).toHaveLength(2);
  });

  test('that fails while its shard is down too leaves the partition to that shard and its next start', async () => {
    const { shards, moves } = open(['down', 'down']);
    await expect(moves.move({ partition: 0, shard: 1 })).rejects.toMatchObject({
      code: 'partition.unavailable',
    });
    expect(owners(shards)).toEqual([[0], [1]]);
  });

  test('that meets another node leaves the partition to it', async () => {
    const { done, shards, moves } = open([undefined, 'too late']);
    await expect(moves.move({ partition: 0, shard: 1 })).rejects.toMatchObject({ code: 'log.conflict' });
    expect(done).toEqual(['shard-0 releases 0', 'shard-1 takes 0']);
    expect(owners(shards)).toEqual([[], [1]]);
  });

  test('of a partition that another node has is made by force only', async () => {
    const { done, shards, moves } = open();
    shards[0]?.disown(0);
    await expect(moves.move({ partition: 0, shard: 1 })).rejects.toMatchObject({
      code: 'partition.unavailable',
    });
    await moves.move({ partition: 0, shard: 1, force: true });
    expect(done).toEqual(['shard-1 takes 0']);
  });

  test('waits for the one before of the same partition, whatever became of it', async () => {
    const { done, moves } = open([undefined, 'down']);
    const both = [moves.move({ partition: 0, shard: 1 }), moves.move({ partition: 0, shard: 0 })];
    expect(moves.busy).toBe(true);
    const outcomes = await Promise.allSettled(both);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(done).toEqual(['shard-0 releases 0', 'shard-1 takes 0', 'shard-0 takes 0']);
    expect(moves.busy).toBe(false);
  });

  test.each([
    [{ partition: 2, shard: 0 }, 'partition'],
    [{ partition: 0, shard: 2 }, 'shard'],
  ])('of %j is refused', async (move, path) => {
    await expect(open().moves.move(move)).rejects.toMatchObject({ code: 'request.malformed', path });
  });
});
