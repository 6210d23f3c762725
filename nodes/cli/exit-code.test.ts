import { describe, expect, test } from 'vitest';
import { ERRORS, type ErrorCode } from '../../protocol/errors.ts';
import { exitCodeOf } from './exit-code.ts';

describe('exit codes', () => {
  test.each([
    ['usage', 2],
    ['config.invalid', 2],
    ['actor.not_found', 3],
    ['broker.unreachable', 4],
    ['node.unreachable', 4],
    ['message.invalid', 5],
    ['message.not_public', 5],
    ['dataset.damaged', 6],
    ['authorisation', 7],
    ['call.timeout', 8],
    ['internal', 1],
  ] as const)('%s exits with %i', (code, exit) => {
    expect(exitCodeOf(code)).toBe(exit);
  });

  test('no error exits with 0', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) expect(exitCodeOf(code), code).toBeGreaterThan(0);
  });
});
