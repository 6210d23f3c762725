import { describe, expect, test } from 'vitest';
import { limitFor } from './mailbox-limit.ts';

describe('the limit of the mailbox', () => {
  test('leaves room for what may wait, however much was processed', () => {
    expect(limitFor(0, 1, 500)).toBe(500);
    expect(limitFor(10_000, 1, 500)).toBe(10_500);
  });

  test('grows with what was processed, so that a full mailbox drains by itself', () => {
    expect(limitFor(500, 0, 500)).toBe(500);
    expect(limitFor(500, 0.5, 500)).toBe(750);
  });

  test('is not misled by a share outside of 0 to 1', () => {
    expect(limitFor(500, -1, 500)).toBe(500);
    expect(limitFor(500, 2, 500)).toBe(1_000);
  });
});
