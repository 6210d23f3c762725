/**
 * The gates in their order: verdict, safety, masking, duplicates, near duplicates, quality; balance and the mix with
 * a basal set follow when a version is made. Each is counted.
 */
import { findInjections, findSecrets, maskPersonalData } from '../safety/index.ts';
import type { Scenario, Verdict } from '../scenario.ts';
import type { CuratorSettings } from '../settings.ts';
import { wordsOf } from '../text/index.ts';
import { exampleId, type ExampleRow, outputOf } from './example.ts';
import { qualityOf } from './quality.ts';

export const GATES = [
  'verdict',
  'safety',
  'masking',
  'duplicates',
  'near-duplicates',
  'quality',
  'balance',
  'mix',
] as const;
export type Gate = (typeof GATES)[number];

/** A text of which more than this share was masked says nothing any more. */
const MAX_MASKED_SHARE = 0.3;

export type Judgement =
  | { readonly example: ExampleRow }
  | { readonly refusedAt: Gate; readonly reason: string; readonly masked: number };

/** What the gates ask about the dataset. */
export interface KnownExamples {
  /** Whether an example of this id exists, or a line of a basal set. */
  isKnown(id: string): boolean;
  /** The id of an example whose input is nearly the same. */
  alike(input: string): string | undefined;
}

/** Takes a judged scenario through the gates; a refusal says why in words. */
export function passGates(
  scenario: Scenario,
  verdict: Verdict,
  known: KnownExamples,
  settings: CuratorSettings,
): Judgement {
  if (verdict.decision !== 'accept') return refuse('verdict', `the critic decided ${verdict.decision}`);

  const layers = Object.fromEntries(verdict.layers.map(({ layer, result }) => [layer, result]));
  const output = outputOf(withoutMaskedTerms(scenario));
  // Looked at again: what is published must be safe whatever the verdict was based on.
  const whole = `${scenario.instruction}\n${scenario.input}\n${output}\n${scenario.source}`;
  if (layers['safety'] !== 'passed') return refuse('safety', 'the critic did not find it safe');
  const [secret] = findSecrets(whole);
  if (secret !== undefined) return refuse('safety', `it holds a secret: ${secret.name}`);
  const [injection] = findInjections(whole);
  if (injection !== undefined) return refuse('safety', `it tries to steer a model: ${injection.name}`);

  const maskedInput = maskPersonalData(scenario.input);
  // What was made from the input may show a name without the place that gave it away.
  const maskedOutput = maskPersonalData(output, maskedInput.names);
  const maskedSource = maskPersonalData(scenario.source, maskedInput.names);
  const masked = maskedInput.masked + maskedOutput.masked + maskedSource.masked;
  if (maskedInput.maskedCharacters > scenario.input.length * MAX_MASKED_SHARE) {
    return refuse('masking', 'too much of it is personal data', masked);
  }

  const id = exampleId(maskedInput.text, maskedOutput.text);
  if (known.isKnown(id)) return refuse('duplicates', 'the same input and output are in the dataset', masked);

  const near = known.alike(maskedInput.text);
  if (near !== undefined) {
    const similarity = `at least ${Math.round(settings.nearSimilarity * 100)} % of its word sequences`;
    return refuse('near-duplicates', `the example ${near.slice(0, 12)} has ${similarity}`, masked);
  }

  const quality = qualityOf(scenario, verdict, maskedInput.text);
  if (quality.score < settings.qualityMin) {
    return refuse('quality', `quality ${quality.score} is below ${settings.qualityMin}`, masked);
  }
  return {
    example: {
      id,
      scenario: scenario.id,
      artifact: scenario.artifact,
      nodes: scenario.nodes,
      source: maskedSource.text,
      domain: scenario.domain,
      contentType: scenario.contentType,
      collection: scenario.collection,
      instruction: scenario.instruction,
      input: maskedInput.text,
      output: maskedOutput.text,
      quality: quality.score,
      verdict: {
        decision: verdict.decision,
        confidence: verdict.confidence,
        reviewed: verdict.review !== undefined,
        layers,
      },
      masked,
    },
  };
}

/** A term that stands only in personal data, such as a family name, is personal data without its place. */
function withoutMaskedTerms(scenario: Scenario): Scenario {
  const left = new Set(wordsOf(maskPersonalData(scenario.input).text));
  const keyTerms = scenario.expected.keyTerms.filter((term) => wordsOf(term).every((word) => left.has(word)));
  return { ...scenario, expected: { ...scenario.expected, keyTerms } };
}

function refuse(refusedAt: Gate, reason: string, masked = 0): Judgement {
  return { refusedAt, reason, masked };
}
