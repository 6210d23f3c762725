/** What somebody needs who has to understand a failing seed. */
import type { Outcome } from './simulate.ts';

const LAST_EVENTS = 40;

export function describeFailure({ scenario, violations, notes }: Outcome): string {
  const { seed, faults, ...rest } = scenario;
  return [
    `seed ${seed} breaks ${violations.length === 1 ? 'a rule' : `rules ${violations.length} times`}:`,
    ...violations.slice(0, 12).map((line) => `  ${line.slice(0, 600)}`),
    `again: npm run campaign -- simulation --seed ${seed} --runs 1`,
    `scenario: ${JSON.stringify(rest)}`,
    'faults:',
    ...faults.map((fault) => `  ${JSON.stringify(fault)}`),
    `the last of ${notes.length} events:`,
    ...notes.slice(-LAST_EVENTS).map((line) => `  ${line.slice(0, 200)}`),
  ].join('\n');
}

/** The rule of a violation: what stands before its first colon. */
export function ruleOf(violation: string): string {
  return violation.slice(0, violation.indexOf(':'));
}
