/** How well the masker did: what it found of what is there, and how much of what it masked was there. */
import { findPersonalData } from '../../actors/safety/index.ts';
import type { LabelledText, Span } from './masking-documents.ts';

export interface KindScore {
  /** Pieces that are there. */
  readonly labelled: number;
  /** Of these, those of which every character is masked, under whatever name. */
  readonly found: number;
  /** Pieces that were masked under this name. */
  readonly masked: number;
  /** Of these, those that touch a piece of this kind. */
  readonly right: number;
}

/** By kind; `all` sums them up. */
export type Scores = ReadonlyMap<string, KindScore>;

const NONE: KindScore = { labelled: 0, found: 0, masked: 0, right: 0 };

export interface Mistake {
  readonly what: 'missed' | 'wrong';
  readonly kind: string;
  readonly text: string;
}

/** Scores texts; `mistakes` hears of each piece that was missed and of each that was masked for nothing. */
export function score(
  texts: Iterable<LabelledText>,
  mistakes: (mistake: Mistake) => void = () => {},
): Scores {
  const scores = new Map<string, KindScore>();
  const count = (kind: string, field: keyof KindScore): void => {
    for (const name of [kind, 'all']) {
      const before = scores.get(name) ?? NONE;
      scores.set(name, { ...before, [field]: before[field] + 1 });
    }
  };
  for (const { text, spans } of texts) {
    const findings = findPersonalData(text).map(({ name, start, end }) => ({ kind: name, start, end }));
    for (const span of spans) {
      count(span.kind, 'labelled');
      if (isCovered(text, span, findings)) count(span.kind, 'found');
      else mistakes({ what: 'missed', kind: span.kind, text: excerpt(text, span) });
    }
    for (const finding of findings) {
      count(finding.kind, 'masked');
      if (spans.some((span) => span.kind === finding.kind && overlap(span, finding)))
        count(finding.kind, 'right');
      else mistakes({ what: 'wrong', kind: finding.kind, text: excerpt(text, finding) });
    }
  }
  return scores;
}

const overlap = (a: Span, b: Span): boolean => a.start < b.end && b.start < a.end;

/** Whether nothing but white space and punctuation of a piece is left. */
function isCovered(text: string, { start, end }: Span, findings: readonly Span[]): boolean {
  for (let at = start; at < end; at++) {
    if (!/[\p{L}\p{N}]/u.test(text.charAt(at))) continue;
    if (!findings.some((finding) => finding.start <= at && at < finding.end)) return false;
  }
  return true;
}

function excerpt(text: string, { start, end }: Span): string {
  const mark = `${text.slice(Math.max(0, start - 30), start)}⟦${text.slice(start, end)}⟧${text.slice(end, end + 20)}`;
  return mark.replaceAll('\n', '⏎');
}

/** Share of labelled pieces that were found; 1 when there are none. */
export const recallOf = ({ labelled, found }: KindScore): number => (labelled === 0 ? 1 : found / labelled);

/** Share of masked pieces that were right; 1 when there are none. */
export const precisionOf = ({ masked, right }: KindScore): number => (masked === 0 ? 1 : right / masked);

/** A Markdown table, the sum last. */
export function formatScores(scores: Scores): string {
  const kinds = [...scores.keys()].filter((kind) => kind !== 'all').sort();
  const rows = [...kinds, 'all'].map((kind) => {
    const one = scores.get(kind) ?? NONE;
    const recall = one.labelled === 0 ? '–' : recallOf(one).toFixed(3);
    const precision = one.masked === 0 ? '–' : precisionOf(one).toFixed(3);
    return `| ${kind} | ${one.labelled} | ${recall} | ${one.masked} | ${precision} |`;
  });
  return ['| kind | labelled | recall | masked | precision |', '|---|---|---|---|---|', ...rows].join('\n');
}
