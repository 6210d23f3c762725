/** An example: a scenario that passed the gates, in the form in which it is published. */
import { createHash } from 'node:crypto';
import type { Scenario } from '../scenario.ts';
import { normaliseText, quotesOf } from '../text/index.ts';

export interface ExampleRow {
  /** Hash of the masked input and output, normalised: the same example never enters twice. */
  readonly id: string;
  readonly scenario: string;
  readonly artifact: string;
  readonly nodes: readonly string[];
  readonly source: string;
  readonly domain: string;
  readonly contentType: string;
  readonly collection: string;
  readonly instruction: string;
  readonly input: string;
  readonly output: string;
  readonly quality: number;
  readonly verdict: {
    readonly decision: string;
    readonly confidence: number;
    /** A person decided; who it was stays with the critic. */
    readonly reviewed: boolean;
    /** Result by layer. */
    readonly layers: Readonly<Record<string, string>>;
  };
  /** Pieces of personal data that were masked. */
  readonly masked: number;
}

/** The expected output as one text. */
export function outputOf({ expected }: Scenario): string {
  const sentences = quotesOf(expected.summary).map((quote) => quote.replace(/\s+/gu, ' '));
  const lines = [`Summary: ${sentences.join(' ')}`, `Assessment: ${expected.assessment}`];
  if (expected.keyTerms.length > 0) lines.push(`Key terms: ${expected.keyTerms.join(', ')}`);
  if (expected.characteristics.length > 0)
    lines.push(`Characteristics: ${expected.characteristics.join(', ')}`);
  return lines.join('\n');
}

/** 64 hex digits over the normalised texts. */
export function exampleId(input: string, output: string): string {
  return createHash('sha256')
    .update(`${normaliseText(input)}\u0000${normaliseText(output)}`)
    .digest('hex');
}
