import { describe, expect, test } from 'vitest';
import { LIMITS } from '../config/limits.ts';
import type { Address } from '../protocol/address.ts';
import { decodeFrame } from '../protocol/frame.ts';
import { subjectsOf } from '../protocol/subjects.ts';
import { VirtualClock } from './clock.ts';
import { MemoryLog } from './log-memory.ts';
import { Overlay } from './overlay.ts';
import { seededRandomness } from './randomness.ts';
import { Sender } from './sender.ts';
import { MemoryStore } from './store-memory.ts';
import { TimerRows, TimerService } from './timers.ts';

const START_MS = 1_000_000;
const ACTOR = 'order/1' as Address;

const unfenced = {
  guard: (lane: number) => ({ owner: 'test', lane, seq: lane + 1 }),
  conflict: async () => {},
};

/** Somebody sets the clock; timers that run do not notice. */
class SteppedClock extends VirtualClock {
  skewMs = 0;

  override now(): number {
    return super.now() + this.skewMs;
  }
}

function open() {
  const clock = new SteppedClock(START_MS);
  const log = new MemoryLog(subjectsOf('test'), 16, clock);
  void log.openLanes('test');
  const sender = new Sender(log, clock, seededRandomness('seed'), unfenced, () => {});
  const overlay = new Overlay(new MemoryStore());
  const rows = new TimerRows(overlay, 12);
  const service = new TimerService(clock, sender);
  let entry = 0;
  return {
    clock,
    rows,
    service,
    overlay,
    /** Sets or cancels as a turn does, and lets the service follow as it does after a window. */
    set(name: string, delayMs: number, actor = ACTOR) {
      rows.set(actor, name, [++entry, 0, 0], clock.now(), delayMs, { type: 'tick' });
      this.follow();
    },
    follow() {
      for (const { address, name } of rows.drainChanged())
        service.follow(12, address, name, rows.read(address, name));
    },
    /** Moves time and says which firings have arrived since the start, in order. */
    async advance(ms: number): Promise<{ to: string; id: string }[]> {
      clock.advance(ms);
      await sender.idle();
      const fired: { to: string; id: string }[] = [];
      const end = await log.end(12);
      if (end === 0) return fired;
      for await (const { seq, data } of log.read(12, 0).entries) {
        for (const { kind, to, id } of decodeFrame(data))
          if (kind === 'timer') fired.push({ to, id: id ?? '' });
        if (seq === end) break;
      }
      return fired;
    },
  };
}

describe('timer rows', () => {
  test('a firing counts only for the setting that it belongs to, and once', () => {
    const { rows } = open();
    rows.set(ACTOR, 'pay', [5, 0, 1], START_MS, 10.2, { type: 'late' });
    rows.set(ACTOR, 'pay', [6, 0, 0], START_MS, 20, { type: 'later' });
    expect(rows.take(ACTOR, 'pay|5.0.1')).toBeUndefined();
    expect(rows.take('order/2', 'pay|6.0.0')).toBeUndefined();
    expect(rows.take(ACTOR, 'pay|6.0.0')).toEqual(['6.0.0', START_MS + 20, { type: 'later' }]);
    expect(rows.take(ACTOR, 'pay|6.0.0')).toBeUndefined();
  });

  test('a name may contain the separator, and a delay of a part of a millisecond is never cut short', () => {
    const { rows, overlay } = open();
    rows.set(ACTOR, 'a|b', [5, 0, 1], START_MS, 10.2, { type: 'late' });
    overlay.flush();
    expect([...rows.all()]).toEqual([{ address: ACTOR, name: 'a|b' }]);
    expect(rows.take(ACTOR, 'a|b|5.0.1')?.[1]).toBe(START_MS + 11);
  });

  test('all are found again after a restart, those that were cancelled are not', () => {
    const { rows, overlay } = open();
    rows.set(ACTOR, 'a', [1, 0, 0], START_MS, 1, { type: 't' });
    rows.set('order/2', 'a', [1, 0, 1], START_MS, 1, { type: 't' });
    rows.set(ACTOR, 'b', [1, 0, 2], START_MS, 1, { type: 't' });
    rows.cancel(ACTOR, 'a');
    overlay.flush();
    expect([...new TimerRows(overlay, 12).all()]).toEqual([
      { address: ACTOR, name: 'b' },
      { address: 'order/2', name: 'a' },
    ]);
    expect([...new TimerRows(overlay, 1).all()]).toEqual([]);
  });

  test.each<[string, string, number]>([
    ['an empty name', '', 1],
    ['a name that is too long', 'n'.repeat(LIMITS.idChars + 1), 1],
    ['a negative delay', 'a', -1],
    ['a delay that is no number', 'a', Number.NaN],
    ['more than ten years', 'a', LIMITS.timerDelayMs + 1],
  ])('%s is turn.limit', (_what, name, delayMs) => {
    const { rows } = open();
    expect(() => rows.set(ACTOR, name, [1, 0, 0], START_MS, delayMs, { type: 't' })).toThrow(
      expect.objectContaining({ code: 'turn.limit' }),
    );
  });

  test('a message that no frame takes is refused when it is set, not when it fires', () => {
    const { rows } = open();
    const set = (message: object) => () =>
      rows.set(ACTOR, 'a', [1, 0, 0], START_MS, 1, message as { type: string });
    expect(set({ type: 't', pad: 'x'.repeat(LIMITS.messageBodyBytes + LIMITS.recordOverheadBytes) })).toThrow(
      expect.objectContaining({ code: 'message.too_large' }),
    );
    expect(set({ type: '' })).toThrow(expect.objectContaining({ code: 'message.no_type' }));
    expect(rows.read(ACTOR, 'a')).toBeUndefined();
  });
});

describe('the timer service', () => {
  test('fires what is due, in order of due time, and nothing before', async () => {
    const world = open();
    world.set('c', 300);
    world.set('a', 100);
    world.set('b', 200, 'order/2');
    expect(world.service.size).toBe(3);
    expect(await world.advance(99)).toEqual([]);
    expect(await world.advance(1)).toEqual([{ to: ACTOR, id: 'a|2.0.0' }]);
    expect((await world.advance(1_000)).map(({ id }) => id)).toEqual(['a|2.0.0', 'b|3.0.0', 'c|1.0.0']);
    expect(world.service.size).toBe(0);
  });

  test('a timer that was replaced fires once, at its new time; one that was cancelled does not', async () => {
    const world = open();
    world.set('a', 100);
    world.set('a', 500);
    world.set('b', 100);
    world.rows.cancel(ACTOR, 'b');
    world.follow();
    expect(await world.advance(499)).toEqual([]);
    expect((await world.advance(1)).map(({ id }) => id)).toEqual(['a|2.0.0']);
  });

  test('the row stays when it fires: it goes with the turn of the firing', async () => {
    const world = open();
    world.set('a', 1);
    const [firing] = await world.advance(1);
    expect(world.rows.read(ACTOR, 'a')).toBeDefined();
    expect(world.rows.take(ACTOR, firing?.id ?? '')).toBeDefined();
  });

  test('what was due while nobody looked fires at once', async () => {
    const world = open();
    world.rows.set(ACTOR, 'old', [1, 0, 0], START_MS - 5_000, 10, { type: 't' });
    world.follow();
    expect(await world.advance(0)).toHaveLength(1);
  });

  test('after a stop nothing fires, what is followed later neither', async () => {
    const world = open();
    world.set('a', 100);
    world.service.stop();
    world.set('b', 100);
    expect(await world.advance(1_000)).toEqual([]);
  });

  test('a clock that was wrong when it was set, and is right again, makes it late by no more than a look', async () => {
    const world = open();
    world.clock.skewMs = -3_600_000;
    world.set('a', 3_600_100);
    world.clock.skewMs = 0;
    expect(await world.advance(1_100)).toEqual([{ to: ACTOR, id: 'a|1.0.0' }]);
  });

  test('hundreds of timers of one moment all fire', async () => {
    const world = open();
    for (let i = 0; i < 700; i++) world.set(`t${i}`, 50);
    expect(await world.advance(50)).toHaveLength(700);
  });
});
