/** Content that is nearly the same is kept, linked to the first, and not fed twice. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createActorHarness } from '../../tests/harness/actor-harness.ts';
import { randomSequence } from '../../runtime/randomness.ts';
import { offer, someArtifact } from '../artifact.fixture.ts';
import { intakeContract } from '../intake/contract.ts';
import { phoenixContract } from '../phoenix/contract.ts';
import { recorder } from '../recorder.fixture.ts';
import { reputationContract } from '../reputation/contract.ts';
import { defaultPipelineSettings } from '../settings.ts';
import { signatureOf, similarityOf } from '../text/index.ts';
import { createCoordinator } from './coordinator.ts';
import type { CoordinatorStats } from './queries.ts';

function start() {
  const phoenix = recorder(phoenixContract);
  const others = [recorder(intakeContract), recorder(reputationContract), phoenix].map(({ actor }) => actor);
  const h = createActorHarness([createCoordinator(defaultPipelineSettings), ...others]);
  let batches = 0;
  return {
    /** Offers texts, one at a time; returns their ids. */
    offer(...texts: string[]): string[] {
      const artifacts = texts.map(artifactOf);
      for (const artifact of artifacts) {
        h.advance(1_000);
        h.tell('coordinator/main', offer(`b${batches++}`, artifact));
      }
      return artifacts.map(({ id }) => id);
    },
    artifact: (id = '') =>
      h.ask('coordinator/main', 'artifact', { id }) as {
        feeding: string;
        refusal: string | null;
        nearDuplicateOf: { id: string; similarity: number } | null;
        nearDuplicates: { id: string; similarity: number }[];
      },
    stats: () => h.ask('coordinator/main', 'stats') as CoordinatorStats,
    candidates(): string[] {
      h.tell('coordinator/main', { type: 'candidates.wanted', round: 'r', limit: 1_000 });
      const found = phoenix.received('candidates.found').at(-1)?.['artifacts'] as { id: string }[];
      return found.map(({ id }) => id);
    },
    events: h.events,
  };
}

const artifactOf = (excerpt: string) => ({
  ...someArtifact(0),
  id: createHash('sha256').update(excerpt).digest('hex'),
  signature: signatureOf(excerpt),
  complete: excerpt.length <= 2_000,
  excerpt: excerpt.slice(0, 2_000),
});

/** Words that no two topics have in common. */
function text(topic: string, words = 100): string[] {
  const random = randomSequence(topic);
  return Array.from({ length: words }, () => `${topic}${Math.floor(random() * 10_000)}`);
}
const changed = (words: readonly string[], ...places: number[]): string =>
  words.map((word, place) => (places.includes(place) ? `${word}x` : word)).join(' ');

describe('near duplicates', () => {
  test('are accepted, linked to the first with their similarity, and are no candidates', () => {
    const c = start();
    const words = text('flood');
    const [first, near, other] = c.offer(words.join(' '), changed(words, 50), text('storm').join(' '));
    expect(c.stats()).toMatchObject({ accepted: 3, nearDuplicates: 1, candidates: 2, refused: 1 });
    expect(c.stats().refusedByReason).toEqual({ 'near-duplicate': 1 });
    const similarity = Math.round(similarityOf(words.join(' '), changed(words, 50)) * 1e4) / 1e4;
    expect(c.artifact(near)).toMatchObject({
      feeding: 'refused',
      refusal: 'near-duplicate',
      nearDuplicateOf: { id: first, similarity },
    });
    expect(c.artifact(first)).toMatchObject({
      nearDuplicateOf: null,
      nearDuplicates: [{ id: near, similarity }],
    });
    expect(new Set(c.candidates())).toEqual(new Set([first, other]));
    expect(c.events.at(1)?.payload).toMatchObject({ id: near, nearDuplicateOf: first });
  });

  test('of near duplicates are linked to the first as long as they are near it, not to each other', () => {
    const c = start();
    const words = text('chain', 200);
    const texts = [[], [10], [10, 60], [10, 60, 110]].map((places) => changed(words, ...places));
    const [first, ...rest] = c.offer(...texts);
    for (const id of rest) expect(c.artifact(id).nearDuplicateOf).toMatchObject({ id: first });
  });

  test('are judged by the whole content: the same beginning alone makes none', () => {
    const c = start();
    const beginning = text('same', 400);
    const whole = (topic: string): string => [...beginning, ...text(topic, 1_200)].join(' ');
    const h = [whole('one'), whole('two')];
    const [, second] = c.offer(...h);
    expect(artifactOf(h[0] ?? '').excerpt).toBe(artifactOf(h[1] ?? '').excerpt);
    expect(c.artifact(second).nearDuplicateOf).toBeNull();
  });

  test('are found among very many that are somewhat alike, and what is below 0.9 is none', () => {
    const c = start();
    const words = text('licence', 200);
    const variant = (n: number): string =>
      words.map((word, place) => ((place + n) % 17 === 0 ? `${word}v${n}` : word)).join(' ');
    const ids = c.offer(...Array.from({ length: 60 }, (_, n) => variant(n)));
    expect(c.stats().nearDuplicates).toBe(0);
    const twins = c.offer(...Array.from({ length: 60 }, (_, n) => `${variant(n)} end`));
    const linked = twins.filter((id, n) => c.artifact(id).nearDuplicateOf?.id === ids[n]);
    expect(linked.length).toBeGreaterThanOrEqual(57);
  });

  test('without words are like nothing', () => {
    const c = start();
    c.offer('!!! ???', '!!! ??? !!!');
    expect(c.stats()).toMatchObject({ accepted: 2, nearDuplicates: 0 });
  });
});
