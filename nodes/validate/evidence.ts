/** What a behaviour is judged by: what was sent, and each claim with what was expected and what was observed. */

/** One claim about the system. It holds or it does not; nothing is left out because it could not be looked at. */
export interface Check {
  readonly claim: string;
  readonly expected: string;
  readonly observed: string;
  readonly holds: boolean;
}

/** What a behaviour leaves behind when it ran to its end. */
export interface Evidence {
  /** What was done to the system, with numbers. */
  readonly sent: readonly string[];
  /** Settings that differ from the product's defaults, by path. */
  readonly settings: Readonly<Record<string, string | number>>;
  readonly checks: readonly Check[];
}

/** A claim that two numbers, or two short texts, are the same. */
export function equal<T extends number | string | boolean>(claim: string, observed: T, expected: T): Check {
  return { claim, expected: shown(expected), observed: shown(observed), holds: observed === expected };
}

export function atMost(claim: string, observed: number, most: number): Check {
  return { claim, expected: `at most ${shown(most)}`, observed: shown(observed), holds: observed <= most };
}

export function atLeast(claim: string, observed: number, least: number): Check {
  return { claim, expected: `at least ${shown(least)}`, observed: shown(observed), holds: observed >= least };
}

export function below(claim: string, observed: number, limit: number): Check {
  return { claim, expected: `below ${shown(limit)}`, observed: shown(observed), holds: observed < limit };
}

export function within(claim: string, observed: number, least: number, most: number): Check {
  const expected = `${shown(least)} to ${shown(most)}`;
  return { claim, expected, observed: shown(observed), holds: observed >= least && observed <= most };
}

/** A claim that nothing speaks against: the first few exceptions are the evidence. */
export function none(claim: string, exceptions: readonly string[]): Check {
  const first = exceptions.slice(0, EXCEPTIONS_SHOWN).join('; ');
  const more = exceptions.length > EXCEPTIONS_SHOWN ? '; …' : '';
  const observed = exceptions.length === 0 ? 'none' : `${shown(exceptions.length)}: ${first}${more}`;
  return { claim, expected: 'none', observed, holds: exceptions.length === 0 };
}

/** Whether a behaviour passed: it claimed something, and every claim holds. */
export function holds(checks: readonly Check[]): boolean {
  return checks.length > 0 && checks.every((check) => check.holds);
}

const EXCEPTIONS_SHOWN = 3;

/** Numbers with separators, fractions with four digits at most. */
export function shown(value: number | string | boolean): string {
  if (typeof value !== 'number') return String(value);
  return value.toLocaleString('en-GB', { maximumFractionDigits: 4 });
}
