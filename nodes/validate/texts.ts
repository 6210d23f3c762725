/** Texts for a validation: drawn from a seed, all different, plain enough that no gate has a reason to refuse them. */

const WORDS = (
  'the a this that each when before after while because with without from into over under between through about ' +
  'team report system service record value change review answer question result measure sample window ledger ' +
  'garden harbour bridge station river valley market library museum kitchen factory workshop hospital school ' +
  'opens closes moves holds keeps reaches follows carries explains compares improves delays replaces confirms ' +
  'early late quiet steady narrow wide heavy light simple careful recent local common separate useful certain ' +
  'weather harvest signal engine timber copper cotton paper glass stone water winter summer morning evening'
).split(' ');

const SENTENCES = 4;
const WORDS_MIN = 9;
const WORDS_MORE = 6;

/** What is offered to intake. */
export interface Offer {
  readonly contentType: 'text' | 'code' | 'data' | 'log';
  readonly content: string;
  readonly source: string;
  readonly confidence: number;
  readonly threat: number;
  readonly opportunity: number;
  readonly metadata: { readonly domain: string };
}

/** A text of `sentences` sentences; `words` are mixed into common ones, half and half. */
export function textOf(
  random: () => number,
  words: readonly string[] = WORDS,
  sentences = SENTENCES,
): string {
  const word = (): string => {
    const from = random() < 0.5 ? words : WORDS;
    return from[Math.floor(random() * from.length)] ?? '';
  };
  const sentence = (): string => {
    const count = WORDS_MIN + Math.floor(random() * WORDS_MORE);
    const text = Array.from({ length: count }, word).join(' ');
    return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  };
  return Array.from({ length: sentences }, sentence).join(' ');
}

/** An offer with a text of its own: `serial` stands in it, so no two of a run are alike. */
export function offerOf(random: () => number, serial: number, change: Partial<Offer> = {}): Offer {
  return {
    contentType: 'text',
    content: `Report ${serial} begins here. ${textOf(random)}`,
    source: `validate:${serial}`,
    confidence: 0.8,
    threat: Math.floor(random() * 11),
    opportunity: Math.floor(random() * 11),
    metadata: { domain: 'general' },
    ...change,
  };
}
