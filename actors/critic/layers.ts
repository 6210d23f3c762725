/** The critic's layers as pure functions, cheapest first. Reasons name what was found, never quote a secret. */
import { findInjections, findPersonalData, findSecrets, type Finding } from '../safety/index.ts';
import { scenario as scenarioSchema, type Scenario, type Verdict } from '../scenario.ts';
import type { CriticSettings } from '../settings.ts';
import { wordsOf } from '../text/index.ts';

export type LayerVerdict = Verdict['layers'][number];

/** What intake found about the artifact behind a scenario. */
export interface Evidence {
  readonly exists: boolean;
  readonly hashMatches: boolean;
  readonly missingTerms: readonly string[];
  readonly missingQuotes: readonly string[];
}

/** Share of control or replacement characters above which a text is not readable text. */
const MAX_UNREADABLE_SHARE = 0.05;
const MIN_WORDS = 3;
/** Share of missing terms above which the expected output is about something else. */
const MAX_MISSING_TERMS = 1 / 3;

/** Schema, length, language (does it have words at all) and encoding. */
export function judgeStructure(scenario: Scenario, settings: CriticSettings): LayerVerdict {
  const reasons: string[] = [];
  const schema = scenarioSchema.safeParse(scenario);
  if (!schema.success)
    reasons.push(`schema: ${schema.error.issues[0]?.path.join('.')} ${schema.error.issues[0]?.message}`);
  const input = scenario.input.trim();
  if (input.length < settings.inputMinCharacters) {
    reasons.push(`length: ${input.length} characters, at least ${settings.inputMinCharacters} are needed`);
  }
  if (wordsOf(input).filter((word) => /\p{L}/u.test(word)).length < MIN_WORDS) {
    reasons.push(`language: fewer than ${MIN_WORDS} words`);
  }
  const unreadable = unreadableShare(input);
  if (unreadable > MAX_UNREADABLE_SHARE) {
    reasons.push(`encoding: ${Math.round(unreadable * 100)} % of the characters are not text`);
  }
  if (scenario.expected.summary === '') reasons.push('length: the expected output has no summary');
  return { layer: 'structure', result: reasons.length === 0 ? 'passed' : 'failed', reasons };
}

/**
 * The artifact exists, its hash matches, quotes and terms occur in it. A quote that does not occur is made up
 * and fails; a few missing terms leave the evidence open (`unavailable`), as does no answer.
 */
export function judgeEvidence(scenario: Scenario, evidence: Evidence | undefined): LayerVerdict {
  const layer = 'evidence';
  if (evidence === undefined)
    return { layer, result: 'unavailable', reasons: ['the artifact could not be read in time'] };
  if (!evidence.exists) return { layer, result: 'failed', reasons: ['the source artifact does not exist'] };
  if (!evidence.hashMatches)
    return { layer, result: 'failed', reasons: ['the content does not match its hash'] };
  const { missingQuotes, missingTerms } = evidence;
  if (missingQuotes.length > 0) {
    return {
      layer,
      result: 'failed',
      reasons: [`${missingQuotes.length} quoted sentence(s) do not occur in the artifact`],
    };
  }
  if (missingTerms.length === 0) return { layer, result: 'passed', reasons: [] };
  const share = missingTerms.length / Math.max(1, scenario.expected.keyTerms.length);
  const reasons = [`terms that do not occur in the artifact: ${missingTerms.join(', ')}`];
  return { layer, result: share > MAX_MISSING_TERMS ? 'failed' : 'unavailable', reasons };
}

/**
 * Secrets and prompt injection fail. Personal data is noted and passes: the curator masks it. Everything is
 * looked at that reaches the dataset.
 */
export function judgeSafety(scenario: Scenario): LayerVerdict {
  const text = `${scenario.input}\n${scenario.expected.summary}\n${scenario.source}`;
  const fatal = [
    ...describe('secret', findSecrets(text)),
    ...describe('prompt injection', findInjections(text)),
  ];
  const notes = describe('personal data, to be masked', findPersonalData(text));
  return { layer: 'safety', result: fatal.length > 0 ? 'failed' : 'passed', reasons: [...fatal, ...notes] };
}

/** Needs an inference worker; without one there is no score, and none is made up. */
export function judgeSemantics(): LayerVerdict {
  return { layer: 'semantics', result: 'unavailable', reasons: ['no inference worker'] };
}

/**
 * How sure the critic is, 0..1: half the artifact's own confidence, half the share of claims (existence,
 * quotes, terms) that evidence confirmed; nothing is confirmed when evidence is missing.
 */
export function confidenceOf(scenario: Scenario, evidence: Evidence | undefined): number {
  const claims = 1 + scenario.expected.keyTerms.length + scenario.expected.summary.split('\n\n').length;
  const confirmed =
    evidence === undefined || !evidence.exists || !evidence.hashMatches
      ? 0
      : claims - evidence.missingTerms.length - evidence.missingQuotes.length;
  return Math.round((0.5 * scenario.confidence + (0.5 * Math.max(0, confirmed)) / claims) * 1e4) / 1e4;
}

/** Any failed layer rejects; evidence that could not verify and too little confidence wait for a person. */
export function decide(
  layers: readonly LayerVerdict[],
  confidence: number,
  settings: CriticSettings,
): Verdict['decision'] {
  if (layers.some(({ result }) => result === 'failed')) return 'reject';
  const verified = layers.some(({ layer, result }) => layer === 'evidence' && result === 'passed');
  return verified || confidence >= settings.reviewBelow ? 'accept' : 'review';
}

/** Names with counts, such as `secret: aws-access-key (2)`. */
function describe(what: string, findings: readonly Finding[]): string[] {
  const counts = new Map<string, number>();
  for (const { name } of findings) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${what}: ${name} (${count})`);
}

function unreadableShare(text: string): number {
  if (text === '') return 0;
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return (text.match(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F\uFFFD]/g) ?? []).length / text.length;
}
