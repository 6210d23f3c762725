import { describe, expect, test } from 'vitest';
import { BanyanError, type ErrorCode } from '../../../protocol/errors.ts';
import { doctorDocument } from '../documents.ts';
import { describeStopped } from './partition-checks.ts';

const SERVER = 'nats://127.0.0.1:4222';
const stopped = (id: number, code: ErrorCode, message: string) => ({
  id,
  error: new BanyanError(code, { message }).toWire(),
});

describe('partitions that have stopped', () => {
  test('are counted as well when there are none', () => {
    expect(describeStopped([{ id: 0 }, { id: 1 }], SERVER)).toEqual([
      { name: 'partitions', status: 'ok', detail: '2 partitions, none has stopped' },
    ]);
  });

  test('with a tail of another version have two ways out: that release, named, or an exact command', () => {
    const message =
      'Entries 5 to 9 of partition 3 may have been turned by version 0123456789abcdef; this is fedcba9876543210.';
    const [check, ...others] = describeStopped([{ id: 0 }, stopped(3, 'version.tail', message)], SERVER);
    expect(others).toEqual([]);
    expect(check).toMatchObject({ name: 'version.tail', status: 'failed', partitions: [3] });
    expect(check?.detail).toBe(`1 partition stopped and will not go on by itself (3): ${message}`);
    const [drain, accept] = check?.ways ?? [];
    expect(drain).toContain('the turnVersion 0123456789abcdef');
    expect(accept).toContain(`banyan node start --nats ${SERVER} --set acceptTail=true`);
  });

  test('are one finding for each reason, whose list stays short', () => {
    const many = Array.from({ length: 20 }, (_, id) => stopped(id, 'version.tail', 'turned by version abc'));
    const checks = describeStopped([...many, stopped(20, 'log.truncated', 'The log was cut.')], SERVER);
    expect(checks.map(({ name }) => name)).toEqual(['version.tail', 'log.truncated']);
    expect(checks[0]?.detail).toContain('(0, 1, 2, 3, 4, 5, 6, 7 and 12 more)');
    expect(checks[0]?.partitions).toHaveLength(20);
  });

  test.each(['version.tail', 'log.truncated', 'log.foreign', 'turn.undecided'] as const)(
    'by %s have two ways out',
    (code) => {
      const checks = describeStopped([stopped(1, code, 'It stopped.')], SERVER);
      expect(checks).toMatchObject([{ name: code, ways: [expect.any(String), expect.any(String)] }]);
      expect(doctorDocument.parse({ ok: false, checks })).toEqual({ ok: false, checks });
    },
  );

  test('by anything else have the hint of the error', () => {
    expect(describeStopped([stopped(1, 'store.damaged', 'It is damaged.')], SERVER)).toMatchObject([
      { name: 'store.damaged', fix: expect.stringContaining('rebuilt from the log') },
    ]);
  });
});
