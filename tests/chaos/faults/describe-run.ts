/** What somebody needs who has to understand a run that failed. */
import type { FaultRun } from './fault-run.ts';

const MOST = 20;

export function describeRun({ seed, plan, problems, notes, kept }: FaultRun, only?: string): string {
  const { node, broker, ...rest } = plan;
  const more = problems.length > MOST ? [`  and ${problems.length - MOST} more`] : [];
  return [
    `seed ${seed} breaks ${problems.length === 1 ? 'a rule' : `rules ${problems.length} times`}; kept in ${kept ?? '-'}`,
    ...problems.slice(0, MOST).map((problem) => `  ${problem.slice(0, 900)}`),
    ...more,
    `again: npm run campaign -- faults --seed ${seed} --runs 1${only === undefined ? '' : ` --mode ${only}`}`,
    `plan: ${JSON.stringify(rest)}`,
    `  node: ${JSON.stringify(node)}`,
    `  broker: ${JSON.stringify(broker)}`,
    'what happened:',
    ...notes.map((line) => `  ${line}`),
  ].join('\n');
}
