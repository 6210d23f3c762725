import { expect, test } from 'vitest';
import { encodeRecord } from '../protocol/frame.ts';
import { subjectsOf } from '../protocol/subjects.ts';
import { LIMITS } from './limits.ts';

test('every limit is a whole positive number', () => {
  const wrong = Object.entries(LIMITS).filter(([, value]) => !Number.isInteger(value) || value <= 0);
  expect(wrong).toEqual([]);
});

test('the longest subjects stay within their limit', () => {
  const subjects = subjectsOf('n'.repeat(LIMITS.namespaceChars));
  const longest = `${'k'.repeat(LIMITS.kindChars)}/${'x'.repeat(LIMITS.keyChars)}` as const;
  const name = 'q'.repeat(LIMITS.nameChars);
  for (const subject of [
    subjects.ask(longest, name),
    subjects.event(longest, name),
    subjects.submit(longest),
  ]) {
    expect(subject.length).toBeLessThanOrEqual(LIMITS.subjectChars);
  }
});

test('what a record adds to its message stays within its limit', () => {
  const id = 'i'.repeat(LIMITS.idChars);
  const message = { type: 'a' };
  const overhead = encodeRecord({
    kind: 'tell',
    to: `${'k'.repeat(LIMITS.kindChars)}/${'x'.repeat(LIMITS.keyChars)}`,
    message,
    from: { partition: 1023, number: [Number.MAX_SAFE_INTEGER, 255, 10_000] },
    sender: id,
    id,
    correlationId: id,
    traceparent: id,
    replyTo: { to: 's'.repeat(LIMITS.subjectChars), id },
  });
  expect(overhead.length).toBeLessThanOrEqual(LIMITS.recordOverheadBytes);
});
