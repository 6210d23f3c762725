import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { parseDuration } from './duration.ts';
import { parseInput, parseMessage } from './message-argument.ts';

const stdin = (text: string) => Readable.from([Buffer.from(text)]);

describe('a message on the command line', () => {
  test('is JSON', async () => {
    expect(await parseMessage(['{"type":"greet","name":"Bob"}'], stdin(''))).toEqual({
      type: 'greet',
      name: 'Bob',
    });
  });

  test('is read from standard input for -', async () => {
    expect(await parseMessage(['-'], stdin('{"type":"greet"}'))).toEqual({ type: 'greet' });
  });

  test('is a type and fields, whose values are JSON where they can be', async () => {
    const words = ['greet', 'name=Bob', 'times=3', 'loud=true', 'tags=["a","b"]', 'note=a=b'];
    expect(await parseMessage(words, stdin(''))).toEqual({
      type: 'greet',
      name: 'Bob',
      times: 3,
      loud: true,
      tags: ['a', 'b'],
      note: 'a=b',
    });
  });

  test.each([[[]], [['{"name":1}']], [['{']], [['[]', 'x']], [['greet', 'name']], [['greet', '=1']]])(
    'is refused as wrong usage: %j',
    async (words) => {
      await expect(parseMessage(words, stdin(''))).rejects.toMatchObject({ code: 'usage' });
    },
  );

  test('of an ask may be nothing', async () => {
    expect(await parseInput([], stdin(''))).toEqual({});
    expect(await parseInput(['k=3'], stdin(''))).toEqual({ k: 3 });
    expect(await parseInput(['-'], stdin('{"k":3}'))).toEqual({ k: 3 });
  });
});

describe('a duration', () => {
  test.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5', 1_500],
    ['2m', 120_000],
    ['1h', 3_600_000],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '0', '-1s', '5 days', 'soon'])('%j is none', (text) => {
    expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
