/** A training scenario from an artifact: everything in it comes from the artifact's own text and measures. */
import type { Scenario } from '../scenario.ts';
import type { PhoenixSettings } from '../settings.ts';
import { characteristicsOf, cutAtWord, keyTerms, summarise } from '../text/index.ts';
import type { Candidate } from './contract.ts';
import type { FedRow } from './tables.ts';

const KEY_TERMS = 8;
const MAX_DIFFICULTY = 10;

/** What a model can be trained to do; an artifact gets those that it is strong in, and the rarest other one. */
const OBJECTIVES: Readonly<Record<string, string>> = {
  'threat-assessment': 'Weigh in particular what threatens the system or the people who use it.',
  'opportunity-assessment': 'Weigh in particular what could be gained from it.',
  summarisation: 'Keep to the sentences that carry the content.',
  'term-extraction': 'Name the terms that somebody would search for to find it.',
  characterisation: 'Say which kinds of concern it touches, such as security, performance or reliability.',
};

const NOUN_OF: Readonly<Record<string, string>> = {
  text: 'text',
  code: 'source code',
  data: 'data',
  log: 'log excerpt',
  html: 'web page',
  json: 'JSON document',
};

/** The id of an artifact's scenario; an artifact makes one per collection. */
export function scenarioId(artifact: string, collection: string): string {
  return `${artifact.slice(0, 16)}-${collection}`;
}

export function buildScenario(
  candidate: Candidate,
  collection: string,
  recent: readonly FedRow[],
  settings: PhoenixSettings,
): Scenario {
  const input = cutAtWord(candidate.excerpt, settings.inputCharacters);
  const objectives = objectivesFor(candidate, recent, settings);
  const noun = NOUN_OF[candidate.contentType] ?? 'content';
  const terms = keyTerms(input, KEY_TERMS);
  const characteristics = characteristicsOf(input);
  const difficulty = Math.min(MAX_DIFFICULTY, candidate.threat);
  const guidance = objectives.map((objective) => OBJECTIVES[objective] ?? '').join(' ');
  return {
    id: scenarioId(candidate.id, collection),
    artifact: candidate.id,
    collection,
    node: candidate.node,
    nodes: candidate.reporters,
    source: candidate.source,
    domain: candidate.domain,
    contentType: candidate.contentType,
    difficulty,
    objectives,
    instruction: `Analyse the following ${noun}: summarise it, assess its threat and its opportunity, list its key terms and its characteristics. ${guidance}`,
    input,
    expected: {
      summary: summarise(input, candidate.contentType),
      assessment: assess(candidate),
      keyTerms: terms,
      characteristics,
    },
    tags: [
      `domain:${candidate.domain}`,
      `type:${candidate.contentType}`,
      `difficulty:${level(difficulty)}`,
      ...characteristics.map((name) => `about:${name}`),
    ],
    novelty: noveltyOf(candidate, recent, settings),
    confidence: candidate.confidence,
    ...(candidate.claimed === undefined ? {} : { claimed: candidate.claimed }),
  };
}

/** 0.4 · domain + 0.3 · node + 0.3 · content type rarity in the recent window; 1 when the window is empty. */
export function noveltyOf(
  candidate: Candidate,
  recent: readonly FedRow[],
  settings: PhoenixSettings,
): number {
  const rarity = (trait: 'domain' | 'node' | 'contentType'): number =>
    recent.length === 0
      ? 1
      : 1 - recent.filter((row) => row[trait] === candidate[trait]).length / recent.length;
  const novelty =
    settings.domainNoveltyWeight * rarity('domain') +
    settings.nodeNoveltyWeight * rarity('node') +
    settings.contentTypeNoveltyWeight * rarity('contentType');
  return Math.round(novelty * 1e6) / 1e6;
}

function objectivesFor(candidate: Candidate, recent: readonly FedRow[], settings: PhoenixSettings): string[] {
  const objectives: string[] = [];
  if (candidate.threat >= settings.objectiveThreshold) objectives.push('threat-assessment');
  if (candidate.opportunity >= settings.objectiveThreshold) objectives.push('opportunity-assessment');
  const used = (objective: string): number =>
    recent.filter((row) => row.objectives.includes(objective)).length;
  const [rarest] = Object.keys(OBJECTIVES)
    .filter((objective) => !objectives.includes(objective))
    .map((objective) => ({ objective, used: used(objective) }))
    .sort((a, b) => a.used - b.used);
  return rarest === undefined ? objectives : [...objectives, rarest.objective];
}

function assess({ threat, opportunity, confidence }: Candidate): string {
  const one = (value: number): string => String(Math.round(value * 10) / 10);
  return (
    `Threat ${one(threat)} of 10 (${level(threat)}), opportunity ${one(opportunity)} of 10 (${level(opportunity)}); ` +
    `the source is held to be right with a confidence of ${(Math.round(confidence * 100) / 100).toFixed(2)}.`
  );
}

function level(value: number): string {
  if (value >= 7) return 'high';
  return value >= 4 ? 'medium' : 'low';
}
