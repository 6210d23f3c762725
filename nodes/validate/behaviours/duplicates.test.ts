import { expect, test } from 'vitest';
import { identityOf } from '../../../actors/intake/identity.ts';
import { failing } from '../failing.fixture.ts';
import { NOTHING } from '../submit.ts';
import { type DuplicatesObservation, judgeDuplicates } from './duplicates.ts';

const texts = Array.from({ length: 10 }, (_, at) => `payload ${at}`);
const ids = texts.map((text) => identityOf('text', text));
const [first = '', second = '', third = ''] = ids;
const link = { feeding: 'refused', nearDuplicateOf: { id: first, similarity: 0.97 } };
const sound: DuplicatesObservation = {
  ids,
  first: { ...NOTHING, accepted: 10 },
  repeated: { ...NOTHING, duplicates: 10 },
  echoed: { ...NOTHING, corroborated: 10 },
  stats: { accepted: 10, nearDuplicates: 9 },
  contents: texts.map((sent) => ({ id: identityOf('text', sent), sent, held: sent })),
  artifacts: new Map(ids.map((id) => [id, id === first ? { feeding: 'fed', nearDuplicateOf: null } : link])),
  fed: new Set([first]),
};
const judged = (change: Partial<DuplicatesObservation>) => failing(judgeDuplicates({ ...sound, ...change }));
const withArtifact = (id: string, reply: object | null): Partial<DuplicatesObservation> => ({
  artifacts: new Map([...sound.artifacts, [id, reply as typeof link | null]]),
});

test('every payload kept, every repeat known, every near duplicate linked, passes', () => {
  expect(judged({})).toEqual({});
});

test('a payload that was taken for another one fails', () => {
  expect(judged({ first: { ...NOTHING, accepted: 9, duplicates: 1 } })).toEqual({
    'different payloads that were accepted': '9',
  });
});

test('a repeat that became an artifact fails', () => {
  const repeated = { ...NOTHING, duplicates: 9, accepted: 1 };
  expect(judged({ repeated, stats: { accepted: 11, nearDuplicates: 9 } })).toEqual({
    'artifacts that the collection counts': '11',
    'exact repeats of the same node that were duplicates': '9',
    'repeats that became artifacts': '1',
  });
});

test('a content that was mixed up with its neighbour fails', () => {
  const [a, b, ...rest] = sound.contents;
  const contents = [
    { ...a, held: b?.sent ?? '' } as (typeof sound.contents)[number],
    ...(b ? [b] : []),
    ...rest,
  ];
  expect(judged({ contents })).toEqual({
    'payloads that are not read back as they were sent': `1: ${first.slice(0, 16)}`,
  });
});

test('an artifact that is missing fails, and so does its count', () => {
  expect(judged(withArtifact(third, null))).toMatchObject({
    'payloads that the collection does not hold': `1: ${third.slice(0, 16)}`,
  });
});

test('a build that links no near duplicates fails with that reason', () => {
  expect(judged({ artifacts: new Map(ids.map((id) => [id, { feeding: 'waiting' }])) })).toEqual({
    'near duplicates are linked to the first': 'this build links no near duplicates',
  });
});

test('near duplicates without a link fail', () => {
  const alone = { feeding: 'waiting', nearDuplicateOf: null };
  const artifacts = new Map([...sound.artifacts, [second, alone], [third, alone]]);
  expect(judged({ artifacts, stats: { accepted: 10, nearDuplicates: 7 } })).toEqual({
    'near duplicates that are linked': '7',
  });
});

test('a link to something that is itself a near duplicate fails, and one that is not alike enough', () => {
  const chained = { feeding: 'refused', nearDuplicateOf: { id: second, similarity: 0.97 } };
  const loose = { feeding: 'refused', nearDuplicateOf: { id: first, similarity: 0.5 } };
  const claim = 'links to anything but the first of its kind, or below the similarity';
  expect(judged(withArtifact(third, chained))).toEqual({ [claim]: `1: ${third.slice(0, 16)} (0.97)` });
  expect(judged(withArtifact(third, loose))).toEqual({ [claim]: `1: ${third.slice(0, 16)} (0.5)` });
});

test('a near duplicate that was fed fails', () => {
  expect(judged({ fed: new Set([first, second]) })).toEqual({
    'near duplicates that were fed': `1: ${second}`,
  });
});
