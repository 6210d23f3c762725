/** How much an example teaches, 0..1, from what can be measured without a model. */
import type { Scenario, Verdict } from '../scenario.ts';
import { wordsOf } from '../text/index.ts';

/** Words of input from which on length adds nothing. */
const ENOUGH_WORDS = 25;
/** Distinct words / words of ordinary prose at this length; more is not better. */
const ORDINARY_VARIETY = 0.5;
/** Only so many words are looked at for variety: it falls with length in every text. */
const VARIETY_WORDS = 150;
const ENOUGH_TERMS = 3;

export interface Quality {
  readonly score: number;
  readonly parts: Readonly<
    Record<'verdict' | 'substance' | 'variety' | 'condensation' | 'completeness', number>
  >;
}

/**
 * quality = 0.25 · verdict + 0.2 · substance + 0.25 · variety + 0.1 · condensation + 0.2 · completeness
 *
 * - verdict: the critic's confidence;
 * - substance: words of the input / 25, at most 1;
 * - variety: distinct words / words over the first 150, relative to ordinary prose (0.5), at most 1;
 * - condensation: 1 − length of summary / length of input, doubled, at most 1; ½ for inputs under 25 words,
 *   whose summary can only be the input;
 * - completeness: summary, assessment, three key terms and a characteristic, a quarter each.
 */
export function qualityOf(scenario: Scenario, verdict: Verdict, input: string): Quality {
  const words = wordsOf(input);
  const counted = words.slice(0, VARIETY_WORDS);
  const { summary, assessment, keyTerms, characteristics } = scenario.expected;
  const present = [
    summary !== '',
    assessment !== '',
    keyTerms.length >= ENOUGH_TERMS,
    characteristics.length > 0,
  ];
  const parts = {
    verdict: verdict.confidence,
    substance: Math.min(1, words.length / ENOUGH_WORDS),
    variety: Math.min(1, new Set(counted).size / Math.max(1, counted.length) / ORDINARY_VARIETY),
    condensation:
      words.length < ENOUGH_WORDS
        ? 0.5
        : Math.min(1, Math.max(0, 1 - summary.length / Math.max(1, input.length)) * 2),
    completeness: present.filter(Boolean).length / present.length,
  };
  const score =
    0.25 * parts.verdict +
    0.2 * parts.substance +
    0.25 * parts.variety +
    0.1 * parts.condensation +
    0.2 * parts.completeness;
  return { score: Math.round(score * 1e4) / 1e4, parts };
}
