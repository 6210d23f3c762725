/** Runs of attacks as a Markdown table. */
import { wilsonUpper } from '../chaos/campaign.ts';
import type { Attack } from './attacks.ts';
import { type AttackRun, SHOWN_CYCLES } from './measure.ts';

const HEADINGS = [
  'attack',
  `score after ${SHOWN_CYCLES.join(', ')} cycles`,
  'if it were honest',
  'harm: with, without reputation, if honest',
  'of the candidates',
  'detected (of runs; median cycles)',
  'flagged or penalised',
  'honest nodes accused (95 %)',
  'honest nodes 20 % down (95 %)',
];

export function attackTable(results: readonly { attack: Attack; runs: readonly AttackRun[] }[]): string {
  const rows = results.map(({ attack, runs }) => rowOf(attack, runs));
  return [HEADINGS, HEADINGS.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function rowOf({ name, victim }: Attack, runs: readonly AttackRun[]): string[] {
  const mean = (of: (run: AttackRun) => number): number =>
    runs.reduce((sum, run) => sum + of(run), 0) / Math.max(1, runs.length);
  const scores = (of: (run: AttackRun) => readonly number[]): string =>
    SHOWN_CYCLES.map((_, index) => mean((run) => of(run)[index] ?? 0).toFixed(2)).join(' ');
  const detected = runs.flatMap(({ detectedAfter }) => (detectedAfter === null ? [] : [detectedAfter]));
  const share = (of: 'harm' | 'harmInTop'): string =>
    (['on', 'off', 'absent'] as const).map((which) => percent(mean((run) => run[of][which]))).join(', ');
  const nodes = runs.reduce((sum, { honest }) => sum + honest.nodes, 0);
  const wrongly = (of: 'accused' | 'fallen'): string => {
    const count = runs.reduce((sum, { honest }) => sum + honest[of], 0);
    return `${count}/${nodes} (≤ ${percent(wilsonUpper(count, nodes))})`;
  };
  return [
    name,
    scores((run) => run.scores),
    scores((run) => run.honestScores),
    victim === undefined
      ? share('harm')
      : `the victim loses ${percent(mean(({ lost }) => lost))} of its scenarios`,
    victim === undefined ? share('harmInTop') : '',
    `${percent(detected.length / runs.length)}${detected.length === 0 ? '' : `; ${median(detected)}`}`,
    percent(mean(({ isAccused }) => (isAccused ? 1 : 0))),
    wrongly('accused'),
    wrongly('fallen'),
  ];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function percent(share: number): string {
  const value = share * 100;
  return `${Math.abs(value) < 0.05 ? '0' : value.toFixed(1)} %`;
}
