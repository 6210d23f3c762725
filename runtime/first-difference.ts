/** Where two values differ first, for people: a path and what stands there in each. */
import { inspect } from 'node:util';

export interface Difference {
  /** Such as `context.lines.0.at`; empty when the values differ as a whole. */
  readonly path: string;
  readonly first: string;
  readonly second: string;
}

const SHOWN_CHARS = 200;

/**
 * Compares what the codec can carry, in the order of the first value's keys. Undefined when they are the
 * same; the order of an object's keys does not count, as a state that was decoded may have another.
 */
export function firstDifference(first: unknown, second: unknown, path = ''): Difference | undefined {
  if (Object.is(first, second)) return undefined;
  if (Array.isArray(first) && Array.isArray(second)) {
    const length = Math.max(first.length, second.length);
    return ofKeys(
      Array.from({ length }, (_, at) => String(at)),
      first,
      second,
      path,
    );
  }
  if (first instanceof Uint8Array && second instanceof Uint8Array) {
    return Buffer.compare(first, second) === 0 ? undefined : shown(first, second, path);
  }
  if (isMap(first) && isMap(second)) {
    return ofKeys([...new Set([...Object.keys(first), ...Object.keys(second)])], first, second, path);
  }
  if (first instanceof Date && second instanceof Date && Object.is(first.getTime(), second.getTime())) {
    return undefined;
  }
  return shown(first, second, path);
}

function ofKeys(
  keys: readonly string[],
  first: object,
  second: object,
  path: string,
): Difference | undefined {
  for (const key of keys) {
    const inner = path === '' ? key : `${path}.${key}`;
    const difference = firstDifference(at(first, key), at(second, key), inner);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** An array's hole and an object's missing key are told from undefined by being shown as missing. */
const MISSING = Symbol('missing');
const at = (value: object, key: string): unknown =>
  Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : MISSING;

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function shown(first: unknown, second: unknown, path: string): Difference {
  return { path, first: show(first), second: show(second) };
}

function show(value: unknown): string {
  const text = value === MISSING ? '(missing)' : inspect(value, { depth: 3, breakLength: Infinity });
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}
