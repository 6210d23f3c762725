/** The tables of a turn that is run again: reads find what the first run found, writes are compared. */
import type { Rows } from './current-turn.ts';
import { type Difference, firstDifference } from './first-difference.ts';
import type { RowStep } from './record-rows.ts';
import { decodeRow, encodeRow, type StoredRow } from './stored-row.ts';
import type { KeyRange } from './table.ts';

/** The second run asks for something that the first one did not: there is nothing to answer with. */
export class OtherRead extends Error {}

export class RepeatedRows implements Rows {
  readonly #steps: readonly RowStep[];
  #at = 0;
  #difference: Difference | undefined;

  constructor(steps: readonly RowStep[]) {
    this.#steps = steps;
  }

  /** The first thing that the second run did otherwise, or left out. Ask when it has ended. */
  get difference(): Difference | undefined {
    if (this.#difference !== undefined) return this.#difference;
    const left = this.#steps[this.#at];
    return left === undefined
      ? undefined
      : { path: pathOf(left), first: describe(left), second: '(nothing)' };
  }

  get(table: string, key: string): StoredRow | undefined {
    const { row } = this.#next({ kind: 'get', table, key, row: undefined });
    return row === undefined ? undefined : decodeRow(row);
  }

  put(table: string, key: string, row: unknown, version: number): void {
    const bytes = encodeRow(row, version);
    const step = this.#next({ kind: 'put', table, key, row: bytes });
    this.#difference ??= firstDifference(decodeRow(step.row).row, decodeRow(bytes).row, pathOf(step));
  }

  delete(table: string, key: string): void {
    this.#next({ kind: 'delete', table, key });
  }

  *range(table: string, range: KeyRange): Generator<readonly [string, StoredRow]> {
    const wanted = { kind: 'range' as const, table, range: { ...range }, rows: [], ended: false };
    const step = this.#next<Extract<RowStep, { kind: 'range' }>>(wanted);
    for (const [key, row] of step.rows) yield [key, decodeRow(row)];
    if (!step.ended) this.#refuse(step, `more than ${step.rows.length} rows of the range`);
  }

  #next<S extends RowStep>(wanted: S): S {
    const step = this.#steps[this.#at++];
    if (step !== undefined && describe(step) === describe(wanted)) return step as S;
    return this.#refuse(step ?? wanted, describe(wanted), step === undefined ? '(nothing)' : undefined);
  }

  #refuse(step: RowStep, second: string, first = describe(step)): never {
    this.#difference ??= { path: pathOf(step), first, second };
    throw new OtherRead(`the second run did otherwise at ${pathOf(step)}`);
  }
}

function pathOf(step: RowStep): string {
  return step.kind === 'range' ? `rows.${step.table}` : `rows.${step.table}.${step.key}`;
}

/** A step without what it found or wrote. */
function describe(step: RowStep): string {
  if (step.kind !== 'range') return `${step.kind} ${step.table}/${step.key}`;
  const bounds = Object.entries(step.range).filter(([, bound]) => bound !== undefined);
  return `range ${step.table} ${JSON.stringify(bounds.sort(([a], [b]) => (a < b ? -1 : 1)))}`;
}
