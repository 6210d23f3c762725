/** What a checker says of an observation, for tests that feed it wrong ones. */
import type { Check } from './evidence.ts';

/** The claims that do not hold, each with what was observed. */
export function failing(checks: readonly Check[]): Record<string, string> {
  return Object.fromEntries(
    checks.filter(({ holds }) => !holds).map(({ claim, observed }) => [claim, observed]),
  );
}
