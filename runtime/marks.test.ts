import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Address } from '../protocol/address.ts';
import { compareNumbers, type EffectNumber } from '../protocol/frame.ts';
import { buckets } from './keys.ts';
import { Marks } from './marks.ts';
import { Overlay } from './overlay.ts';
import { MemoryStore } from './store-memory.ts';

const ACTOR = 'order/1' as Address;
const OTHER = 'order/2' as Address;
const DAY_MS = 24 * 3_600_000;

const byMark = (partition: number, ...number: EffectNumber) => ({ by: 'mark', partition, number }) as const;
const bySender = (name: string, seq: number) => ({ by: 'sender', name, seq }) as const;

function open(store = new MemoryStore()) {
  const overlay = new Overlay(store);
  return { store, overlay, marks: new Marks(overlay, 3) };
}

describe('marks of partitions', () => {
  test('a number counts once, and whatever is not greater than the last of its partition counts no more', () => {
    const number = fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 2 }), fc.nat({ max: 2 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 2 }), number)), (messages) => {
        const { marks } = open();
        const last = new Map<number, EffectNumber>();
        for (const [from, at] of messages) {
          const before = last.get(from);
          const old = before !== undefined && compareNumbers(at, before) <= 0;
          expect(marks.seen(byMark(from, ...at), ACTOR, 0)).toBe(old);
          if (!old) last.set(from, at);
        }
      }),
    );
  });

  test('are remembered once they were saved and the window has committed', () => {
    const { store, overlay, marks } = open();
    marks.seen(byMark(7, 12, 0, 1), ACTOR, 0);
    expect(open(store).marks.seen(byMark(7, 12, 0, 1), ACTOR, 0)).toBe(false);
    marks.save();
    overlay.flush();
    const again = open(store).marks;
    expect(again.seen(byMark(7, 12, 0, 1), ACTOR, 0)).toBe(true);
    expect(again.seen(byMark(7, 12, 0, 2), ACTOR, 0)).toBe(false);
    expect(again.seen(byMark(8, 12, 0, 1), ACTOR, 0)).toBe(false);
  });

  test('only those that moved are written', () => {
    const { overlay, marks } = open();
    marks.seen(byMark(7, 12, 0, 1), ACTOR, 0);
    marks.save();
    overlay.flush();
    marks.seen(byMark(7, 12, 0, 0), ACTOR, 0);
    marks.save();
    expect(overlay.size).toBe(0);
  });
});

describe('marks of outside senders', () => {
  test('hold per receiver: the same sender and number to another actor counts', () => {
    const { marks } = open();
    expect(marks.seen(bySender('shop', 5), ACTOR, 0)).toBe(false);
    expect(marks.seen(bySender('shop', 5), ACTOR, 0)).toBe(true);
    expect(marks.seen(bySender('shop', 4), ACTOR, 0)).toBe(true);
    expect(marks.seen(bySender('shop', 5), OTHER, 0)).toBe(false);
    expect(marks.seen(bySender('till', 5), ACTOR, 0)).toBe(false);
    expect(marks.seen(bySender('shop', 6), ACTOR, 0)).toBe(false);
  });

  test('stay when the turn of the message is undone', () => {
    const { overlay, marks } = open();
    marks.seen(bySender('shop', 5), ACTOR, 0);
    overlay.mark();
    overlay.rollback();
    expect(marks.seen(bySender('shop', 5), ACTOR, 0)).toBe(true);
  });

  test('go a day after their last message, by message time, as new senders come', () => {
    const { overlay, marks } = open();
    marks.seen(bySender('old', 1), ACTOR, 0);
    marks.seen(bySender('recent', 1), ACTOR, 2 * DAY_MS - 1);
    marks.seen(bySender('new', 1), ACTOR, 2 * DAY_MS);
    const left = [...overlay.range(buckets.senders(3, ACTOR), {})].map(([name]) => name);
    expect(left).toEqual(['new', 'recent']);
  });
});

test('a message without a number is never a duplicate', () => {
  const { marks, overlay } = open();
  expect(marks.seen(undefined, ACTOR, 0)).toBe(false);
  expect(marks.seen(undefined, ACTOR, 0)).toBe(false);
  expect(overlay.size).toBe(0);
});
