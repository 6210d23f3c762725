/** Messages and inputs as arguments: JSON, `-` for standard input, or a type and `field=value` pairs. */
import type { Readable } from 'node:stream';
import { BanyanError } from '../../protocol/errors.ts';

type Fields = Record<string, unknown>;

const HINT = `Write JSON, or - to read it from standard input, or TYPE field=value …`;

/** A message for tell, submit or call; throws `usage` for what is none. */
export async function parseMessage(
  words: readonly string[],
  stdin: Readable,
): Promise<Fields & { type: string }> {
  const [first, ...rest] = words;
  if (first === undefined) throw new BanyanError('usage', { message: 'The message is missing.', hint: HINT });
  const whole = await wholeDocument(words, stdin);
  const message = whole ?? { type: first, ...pairs(rest) };
  if (typeof message['type'] === 'string') return message as Fields & { type: string };
  throw new BanyanError('usage', { message: 'The message has no "type".', hint: HINT });
}

/** The input of an ask; none is an empty one. */
export async function parseInput(words: readonly string[], stdin: Readable): Promise<Fields> {
  return (await wholeDocument(words, stdin)) ?? pairs(words);
}

async function wholeDocument(words: readonly string[], stdin: Readable): Promise<Fields | undefined> {
  const [first = ''] = words;
  if (words.length !== 1 || (first !== '-' && !first.trimStart().startsWith('{'))) return undefined;
  return parseObject(first === '-' ? await readAll(stdin) : first);
}

function parseObject(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BanyanError('usage', {
      message: `This is not JSON: ${(cause as Error).message}`,
      hint: HINT,
      cause,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new BanyanError('usage', { message: 'The JSON is not an object.', hint: HINT });
}

async function readAll(stdin: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stdin) pieces.push(Buffer.from(piece as Uint8Array));
  return Buffer.concat(pieces).toString('utf8');
}

/** `name=Bob count=3 tags=["a"]`: a value that is JSON is taken as such, anything else is text. */
function pairs(words: readonly string[]): Fields {
  const fields: Fields = {};
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals < 1) {
      throw new BanyanError('usage', { message: `${JSON.stringify(word)} is not field=value.`, hint: HINT });
    }
    fields[word.slice(0, equals)] = valueOf(word.slice(equals + 1));
  }
  return fields;
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
