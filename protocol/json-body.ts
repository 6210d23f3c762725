/** Message bodies in JSON, under the same rules as those in msgpack. */
import { BanyanError } from './errors.ts';
import type { ScanLimits } from './scan.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses JSON from anywhere. Throws `message.too_large`, `message.invalid_utf8`, `message.too_deep`,
 * `message.too_many_items`, `message.malformed` or `message.forbidden_key`.
 */
export function decodeJson(bytes: Uint8Array, limits: ScanLimits): unknown {
  if (bytes.length > limits.bytes) {
    const message = `${bytes.length} bytes are more than the ${limits.bytes} allowed.`;
    throw new BanyanError('message.too_large', { message });
  }
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    throw new BanyanError('message.invalid_utf8', { message: 'The JSON body is not valid UTF-8.', cause });
  }
  checkDepth(text, limits.depth);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const message = `The JSON body cannot be parsed: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new BanyanError('message.malformed', { message, cause });
  }
  checkContent(value, limits.items);
  return value;
}

/** Counts open brackets outside of texts; brackets that do not match are left to the parser. */
function checkDepth(text: string, limit: number): void {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = closingQuote(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > limit) {
          throw new BanyanError('message.too_deep', {
            message: `Deeper than ${limit} levels at character ${at}.`,
          });
        }
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
    }
  }
}

function closingQuote(text: string, opening: number): number {
  for (let at = opening + 1; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 0x22) return at;
    if (character === 0x5c) at++; // a backslash: the next character is escaped
  }
  return text.length;
}

/** Refuses what JSON can say and msgpack bodies cannot: lone surrogates by escape, and the key __proto__. */
function checkContent(root: unknown, itemsLimit: number): void {
  const pending: unknown[] = [root];
  let items = 0;
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value === 'string') checkText(value);
    if (typeof value !== 'object' || value === null) continue;
    const keys = Array.isArray(value) ? undefined : Object.keys(value);
    items += keys?.length ?? (value as unknown[]).length;
    if (items > itemsLimit) {
      throw new BanyanError('message.too_many_items', { message: `More than ${itemsLimit} elements.` });
    }
    for (const key of keys ?? []) {
      if (key === '__proto__') throw new BanyanError('message.forbidden_key');
      checkText(key);
    }
    for (const element of Object.values(value)) pending.push(element);
  }
}

function checkText(text: string): void {
  if (text.isWellFormed()) return;
  throw new BanyanError('message.invalid_utf8', {
    message: 'A text in the JSON body has half of a surrogate pair.',
  });
}
