/** The results as one Markdown table, for a terminal and for docs/benchmarks.md. */
import type { Machine } from './machine.ts';
import type { Measurement, Result } from './measurement.ts';

const COLUMNS = ['measure', 'banyan', 'raw', 'ratio', 'aim', 'runs'];

export function render({ at, machine, versions }: Machine, results: readonly Result[]): string {
  const rows = results.map((result) =>
    'skipped' in result
      ? [result.bench, `not measured: ${oneLine(result.skipped)}`, '', '', '', '']
      : rowOf(result),
  );
  const widths = COLUMNS.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [
    `${at}, ${machine.cpus} × ${machine.model}, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, load ${machine.load.toFixed(1)}`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    '',
    line(COLUMNS),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.map(line),
    '',
    ...results.flatMap((result) => ('note' in result ? [`- ${result.measure}: ${result.note}`] : [])),
  ].join('\n');
}

function rowOf({ measure, unit, value, raw, ratio, aim, runs }: Measurement): string[] {
  return [
    measure,
    `${short(value)} ${unit}`,
    raw === undefined ? '' : short(raw),
    ratio === undefined ? '' : ratio.toFixed(2),
    aim ?? '',
    (runs ?? []).map(short).join(' '),
  ];
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 160);

function short(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 10 ? 1 : 2);
}
