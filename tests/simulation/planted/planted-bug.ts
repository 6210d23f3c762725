/**
 * A bug that a run of the simulation must find: a change of one production source, made while it is loaded. No
 * build knows these bugs; whoever wants one asks for it by name.
 */

/** The rules of the simulation, as the first word of a violation names them; `crash` and `hang` are ends without one. */
export type Rule =
  | 'single writer'
  | 'trimming'
  | 'answers'
  | 'freshness'
  | 'exactly once'
  | 'publications'
  | 'conservation'
  | 'leftovers'
  | 'settling after the faults'
  | 'settling with an empty disk'
  | 'replay'
  | 'stopping'
  | 'truncation'
  | 'crash'
  | 'hang';

/** A piece of source that occurs once, however it is broken into lines, and what stands there instead. */
export type SourceChange = readonly [find: string, instead: string];

export interface Bug {
  readonly name: string;
  /** The source that it is planted in, relative to the root. */
  readonly file: string;
  readonly changes: readonly SourceChange[];
  /** What the runtime does not do any more. */
  readonly breaks: string;
  /** What is run with each seed; by default `faults`, and `truncation` loses the end of the log. */
  readonly run?: 'truncation';
}

/** A bug that the simulation finds: the rule that it broke, and the first seed that did, when the table was last made. */
export type PlantedBug = Bug & { readonly rule: Rule; readonly seed: number };

/** A bug that no seed has found, and what the simulation would need to find it. */
export type EscapingBug = Bug & { readonly lacks: string };

/** The source with the bug. Throws when a piece does not occur exactly once: then the list is not true any more. */
export function plant(source: string, { name, changes }: Pick<Bug, 'name' | 'changes'>): string {
  return changes.reduce((text, [find, instead]) => {
    const found = [...text.matchAll(patternOf(find))];
    if (found.length !== 1)
      throw new Error(`The bug '${name}' looks for a piece that occurs ${found.length} times: ${find}`);
    const [{ 0: piece, index }] = found as [RegExpExecArray];
    return text.slice(0, index) + instead + text.slice(index + piece.length);
  }, source);
}

function patternOf(find: string): RegExp {
  const words = find.trim().split(/\s+/);
  return new RegExp(words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('\\s+'), 'g');
}
