import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { LINE_CHARS, readLines } from './output-lines.ts';

async function linesOf(...chunks: (string | Buffer)[]): Promise<string[]> {
  const lines: string[] = [];
  const stream = new PassThrough();
  readLines(stream, (line) => lines.push(line));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await finished(stream);
  return lines;
}

test('lines are put together from whatever pieces they come in, empty ones left out', async () => {
  expect(await linesOf('a', 'b\nc\r\n\n', '\nd', 'e\nlast')).toEqual(['ab', 'c', 'de', 'last']);
});

test('a character that is split between two pieces stays whole', async () => {
  const bytes = Buffer.from('größer\n');
  expect(await linesOf(bytes.subarray(0, 3), bytes.subarray(3))).toEqual(['größer']);
});

test('a line without an end is cut, and the next one is whole', async () => {
  const piece = 'x'.repeat(LINE_CHARS - 1);
  expect(await linesOf(piece, piece, piece, '\nnext\n')).toEqual([`${'x'.repeat(LINE_CHARS)}…`, 'next']);
});
