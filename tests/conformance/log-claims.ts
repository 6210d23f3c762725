/** What every log does with claims and lanes (rule R1); each implementation runs it. */
import { describe, expect, test } from 'vitest';
import { type Guard, LANES, type Lanes, type NewClaim } from '../../runtime/claim-log.ts';
import { decodeClaim } from '../../runtime/claim-record.ts';
import type { Log } from '../../runtime/log.ts';
import { actorIn, bytes, type LogPlace, PARTITIONS, take, text } from './log.ts';

const claimOf = (partition: number, owner: string | null, epoch: number, after = 0): NewClaim => ({
  partition,
  epoch,
  owner,
  turnVersion: 'v1',
  after,
});

/** The guard of one lane as it was opened or read. */
function guardOf(owner: string, lanes: Lanes | undefined, lane = 0): Guard {
  return { owner, lane, seq: lanes?.[lane] ?? -1 };
}

const conflict = { code: 'log.conflict', recoverable: false };

export function describeClaims(title: string, open: () => Promise<LogPlace>): void {
  const lastSeq = async (log: Log): Promise<number> => (await log.state()).lastSeq;

  describe.each([title])('%s: claims', () => {
    test('the newest claim of each partition is known, with its sequence', async () => {
      const { log, publish, subjects } = await open();
      const [first] = await log.claim([claimOf(1, 'a', 1)], []);
      await publish(subjects.to(actorIn(1)), bytes('m'));
      const [second] = await log.claim([claimOf(1, 'b', 2, first)], []);
      const [third] = await log.claim([claimOf(3, 'c', 7)], []);
      const [fourth] = await log.claim([claimOf(1, null, 2, second)], []);
      const { after: _, ...released } = claimOf(1, null, 2);
      const { after: __, ...held } = claimOf(3, 'c', 7);
      expect(await log.claims()).toEqual(
        new Map([
          [1, { ...released, seq: fourth }],
          [3, { ...held, seq: third }],
        ]),
      );
      expect([first, second, third, fourth]).toEqual([1, 3, 4, 5]);
    });

    test('a claim that does not follow the newest one is refused and stores nothing', async () => {
      const { log } = await open();
      const [first = 0] = await log.claim([claimOf(0, 'a', 1)], []);
      const [second = 0] = await log.claim([claimOf(0, 'b', 2, first)], []);
      for (const after of [0, first, second - 1, second + 1])
        await expect(log.claim([claimOf(0, 'c', 3, after)], [])).rejects.toMatchObject(conflict);
      await expect(log.claim([claimOf(1, 'c', 1, second)], [])).rejects.toMatchObject(conflict);
      expect(await lastSeq(log)).toBe(second);
      expect((await log.claims()).get(0)?.owner).toBe('b');
    });

    test('of claims at once exactly one wins', async () => {
      const { log } = await open();
      const outcomes = await Promise.allSettled(
        ['a', 'b', 'c', 'd'].map((owner) => log.claim([claimOf(2, owner, 1)], [])),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(conflict);
      expect(await lastSeq(log)).toBe(1);
    });

    test('several claims are stored all or not at all, with the fences', async () => {
      const { log } = await open();
      const lanes = await log.openLanes('former');
      const [held = 0] = await log.claim([claimOf(1, 'former', 1)], []);
      const stale = [claimOf(0, 'next', 1), claimOf(1, 'next', 2, held - 1), claimOf(2, 'next', 1)];
      await expect(log.claim(stale, ['former'])).rejects.toMatchObject(conflict);
      expect([await lastSeq(log), await log.lanes('former')]).toEqual([held, lanes]);
      expect([...(await log.claims()).keys()]).toEqual([1]);
      const seqs = await log.claim([claimOf(0, 'next', 1), claimOf(1, 'next', 2, held)], ['former']);
      expect(seqs).toEqual([held + 1, held + 2]);
      expect(await lastSeq(log)).toBe(held + 2 + LANES);
    });

    test('claims are entries of their partition, in their place, and not its end', async () => {
      const { log, subjects, publish } = await open();
      await publish(subjects.to(actorIn(1)), bytes('a'));
      const [claimed] = await log.claim([claimOf(1, 'me', 1), claimOf(2, 'me', 1)], []);
      const frame = await log.appendFrame(1, bytes('b'), undefined);
      const [released] = await log.claim([claimOf(1, null, 1, claimed)], []);
      const entries = await take(log.read(1, 0), 4);
      expect(entries.map(({ seq, place }) => [seq, place.kind])).toEqual([
        [1, 'message'],
        [claimed, 'claim'],
        [frame, 'frame'],
        [released, 'claim'],
      ]);
      const { after: _, ...claim } = claimOf(1, 'me', 1);
      expect(decodeClaim(entries[1]?.data ?? bytes(''), 1)).toEqual(claim);
      expect([await log.end(1), await log.end(2)]).toEqual([frame, 0]);
    });

    test('what others get stored among the claims breaks no start: the next claim follows it', async () => {
      const { log, subjects, publish } = await open();
      const [first] = await log.claim([claimOf(1, 'me', 4)], []);
      await publish(subjects.claim(1), bytes('?'));
      const behind = await publish(subjects.claim(1), Uint8Array.from([0xc1]));
      const alone = await publish(subjects.claim(3), bytes('{}'));
      const { after: _, ...known } = claimOf(1, 'me', 4);
      expect(await log.claims()).toEqual(
        new Map([
          [1, { ...known, seq: behind }],
          [3, { partition: 3, epoch: 0, owner: null, turnVersion: '', seq: alone }],
        ]),
      );
      await expect(log.claim([claimOf(1, 'next', 5, first)], [])).rejects.toMatchObject(conflict);
      const [next] = await log.claim([claimOf(1, 'next', 5, behind)], []);
      expect((await log.claims()).get(1)).toMatchObject({ owner: 'next', seq: next });
    });

    test('all partitions are claimed at once; a batch that no broker takes is a bug', async () => {
      const { log } = await open();
      const all = Array.from({ length: 900 }, (_, partition) => claimOf(partition, 'me', 1));
      await log.claim(all, []);
      expect((await log.claims()).size).toBe(900);
      const bugs: [NewClaim[], string[]][] = [
        [[claimOf(1, 'a', 2), claimOf(1, 'b', 2)], []],
        [[claimOf(1, 'a', 2)], ['x', 'x']],
        [[], ['x']],
        [Array.from({ length: 993 }, (_, partition) => claimOf(partition, 'a', 2)), ['x']],
      ];
      for (const [claims, fenced] of bugs)
        await expect(log.claim(claims, fenced)).rejects.toMatchObject({ code: 'internal' });
      expect(await lastSeq(log)).toBe(900);
    });
  });

  describe.each([title])('%s: lanes', () => {
    test('lanes are opened once, each with a record of its own', async () => {
      const { log } = await open();
      expect(await log.lanes('me')).toBeUndefined();
      const lanes = await log.openLanes('me');
      expect([lanes.length, new Set(lanes).size]).toEqual([LANES, LANES]);
      expect(await log.lanes('me')).toEqual(lanes);
      await expect(log.openLanes('me')).rejects.toMatchObject(conflict);
      await log.openLanes('other-2');
      expect([...(await log.laneOwners())].toSorted()).toEqual(['me', 'other-2']);
      expect(await lastSeq(log)).toBe(2 * LANES);
    });

    test('who was fenced stores nothing until it looks; others are not disturbed', async () => {
      const { log } = await open();
      const [former, other] = [await log.openLanes('former'), await log.openLanes('other')];
      const [held] = await log.claim([claimOf(0, 'former', 1), claimOf(1, 'former', 1)], []);
      await log.appendFrame(2, bytes('before'), undefined, guardOf('former', former, 3));
      await log.claim([claimOf(0, 'other', 2, held)], ['former']);
      const before = await lastSeq(log);
      for (let lane = 0; lane < LANES; lane++) {
        const guard = guardOf('former', former, lane);
        await expect(log.appendFrame(2, bytes('stale'), undefined, guard)).rejects.toMatchObject(conflict);
      }
      const verdict = { partition: 1, entry: 1, index: 0, code: 'turn.stack', detail: '' };
      const stale = log.appendVerdict(verdict, guardOf('former', former));
      await expect(stale).rejects.toMatchObject(conflict);
      expect([await lastSeq(log), await log.verdicts()]).toEqual([before, []]);
      await log.appendFrame(2, bytes('other'), undefined, guardOf('other', other, 5));
      // It still owns another partition: it looks, and goes on.
      const now = await log.lanes('former');
      await log.appendFrame(2, bytes('looked'), undefined, guardOf('former', now, 3));
      await log.appendVerdict(verdict, guardOf('former', now));
      const frames = await take(log.read(2, 0), 3);
      expect(frames.map(({ data }) => text(data))).toEqual(['before', 'other', 'looked']);
      expect(await log.verdicts()).toEqual([verdict]);
    });

    test('a guard that knows another record is refused, also one that was never written', async () => {
      const { log } = await open();
      const lanes = await log.openLanes('me');
      const [first = 0, second = 0] = lanes;
      const wrong: Guard[] = [
        { owner: 'me', lane: 0, seq: second },
        { owner: 'me', lane: 1, seq: first },
        { owner: 'me', lane: 0, seq: first + 100 },
        { owner: 'nobody', lane: 0, seq: first },
        { owner: 'me', lane: LANES, seq: first },
      ];
      for (const guard of wrong)
        await expect(log.appendFrame(0, bytes('f'), undefined, guard)).rejects.toMatchObject(conflict);
      expect(await lastSeq(log)).toBe(LANES);
    });

    test('frames of all lanes are stored, with many under way', async () => {
      const { log } = await open();
      const lanes = await log.openLanes('me');
      const inLane = async (lane: number): Promise<void> => {
        for (let i = 0; i < 10; i++)
          await log.appendFrame(lane % PARTITIONS, bytes(`${lane}`), undefined, guardOf('me', lanes, lane));
      };
      await Promise.all(lanes.map((_, lane) => inLane(lane)));
      expect(await lastSeq(log)).toBe(LANES + LANES * 10);
    });

    test('no frame that was under way when its sender was fenced lands behind the claim', async () => {
      const { log } = await open();
      const lanes = await log.openLanes('former');
      const landed: number[] = [];
      let claimed = 0;
      let claiming = false;
      const inLane = async (lane: number): Promise<void> => {
        for (let refused = false; !refused;) {
          const guard = guardOf('former', lanes, lane);
          try {
            landed.push(await log.appendFrame(0, new Uint8Array(5_000), undefined, guard));
          } catch (error) {
            expect(error).toMatchObject(conflict);
            refused = true;
          }
          if (landed.length < 60 || claiming) continue;
          claiming = true;
          [claimed = 0] = await log.claim([claimOf(0, 'next', 1)], ['former']);
        }
      };
      await Promise.all(lanes.map((_, lane) => inLane(lane)));
      expect(landed.length).toBeGreaterThanOrEqual(60);
      expect(landed.filter((seq) => seq > claimed)).toEqual([]);
    });

    test('removed lanes refuse for ever; fencing does not bring them back', async () => {
      const { log } = await open();
      const [gone, other] = [await log.openLanes('gone'), await log.openLanes('other')];
      const [first] = await log.claim([claimOf(0, 'next', 1)], ['gone']);
      const fenced = await log.lanes('gone');
      await log.removeLanes('gone');
      await log.removeLanes('gone');
      await log.removeLanes('never');
      const [second = 0] = await log.claim([claimOf(0, 'last', 2, first)], ['gone', 'never', 'other']);
      expect([await log.lanes('gone'), await log.lanes('never')]).toEqual([undefined, undefined]);
      expect(await log.laneOwners()).toEqual(['other']);
      expect(await lastSeq(log)).toBe(second + LANES);
      const stale = [guardOf('gone', gone), guardOf('gone', fenced), guardOf('other', other)];
      for (const guard of stale)
        await expect(log.appendFrame(0, bytes('f'), undefined, guard)).rejects.toMatchObject(conflict);
      expect(await lastSeq(log)).toBe(second + LANES);
    });
  });
}
