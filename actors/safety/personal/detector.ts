/** What finds one kind of personal data in a text. */
import type { Finding } from '../secrets.ts';

export type Detector = (text: string) => Iterable<Finding>;

/** How many characters of a match are personal data, from its first on; 0 for none. */
type Check = (match: string) => number;

/**
 * Finds what a pattern matches; its first group, when it has one, is what is personal. Patterns bound every
 * repetition, so that a hostile text costs time in proportion to its length.
 */
export function byPattern(name: string, pattern: RegExp, check: Check = (match) => match.length): Detector {
  return function* find(text) {
    for (const match of text.matchAll(pattern)) {
      const personal = match[1] ?? match[0];
      const characters = check(personal);
      if (characters === 0) continue;
      const start = match.index + (match[1] === undefined ? 0 : match[0].lastIndexOf(personal));
      yield { name, start, end: start + characters };
    }
  };
}

/** All of a match, or nothing. */
export const onlyIf =
  (accept: (match: string) => boolean): Check =>
  (match) =>
    accept(match) ? match.length : 0;

/** Finds what any of several detectors finds. */
export const anyOf = (...detectors: readonly Detector[]): Detector =>
  function* find(text) {
    for (const detector of detectors) yield* detector(text);
  };
