import { expect, test } from 'vitest';
import { failing } from '../failing.fixture.ts';
import { judgeStableReads, type Read, type StableReadsObservation } from './stable-reads.ts';

const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => `a${at}`);
const read = (version: number, change: Partial<Read> = {}): Read => ({
  query: 'top',
  version,
  ids: ids(40),
  ordered: true,
  ...change,
});
const reads = Array.from({ length: 12 }, (_, at) => read(10 + Math.floor(at / 3)));
const version = { name: 'v0001', manifestSha256: 'm', pages: 'p', files: 'f' };
const versions = [version, { ...version, name: 'v0002' }];
const sound: StableReadsObservation = {
  reads,
  early: versions,
  late: versions,
  accepted: 600,
  acceptedBefore: 300,
};
const judged = (change: Partial<StableReadsObservation>) =>
  failing(judgeStableReads({ ...sound, ...change }));
const withRead = (change: Partial<Read>) => judged({ reads: [...reads, read(13, change)] });

test('replies of one version each and versions that stay as they are pass', () => {
  expect(judged({})).toEqual({});
});

test('a reply of an older version fails', () => {
  expect(withRead({ version: 12 })).toEqual({
    'replies of an older version than the one before': '1: top at 12: 40 items',
  });
});

test('a reply out of order fails, and one with an artifact twice', () => {
  const claim = 'replies out of order, or with an artifact twice';
  expect(withRead({ version: 14, ordered: false })).toHaveProperty([claim], '1: top at 14: 40 items');
  expect(withRead({ version: 14, ids: ['a1', 'a1'] })).toHaveProperty([claim], '1: top at 14: 2 items');
});

test('two replies of the same version that differ fail', () => {
  expect(withRead({ ids: ids(39) })).toEqual({
    'replies of the same version that differ': '1: top at 13: 39 items',
  });
});

test('a part of an offer fails', () => {
  expect(withRead({ query: 'by-node w', ids: ids(50) })).toEqual({
    'replies with a part of an offer of 20': '1: by-node w at 13: 50 items',
  });
});

test.each([
  ['manifest', { manifestSha256: 'x' }, 'versions whose manifest changed'],
  ['pages', { pages: 'x' }, 'versions whose examples read otherwise, page by page'],
  ['files', { files: 'x' }, 'versions that are exported with other bytes'],
])('a published version whose %s changed fails', (_title, change, claim) => {
  expect(judged({ late: [version, { ...version, name: 'v0002', ...change }] })).toEqual({
    [claim]: '1: v0002',
  });
});

test('a published version that is gone fails', () => {
  expect(Object.keys(judged({ late: [version] }))).toHaveLength(3);
});

test('reads of a collection that nobody wrote prove nothing and fail', () => {
  expect(Object.keys(judged({ reads: [read(1), read(1)], acceptedBefore: 600 }))).toEqual([
    'replies that were read while items were written',
    'different versions among them',
    'artifacts that were written between the two reads',
  ]);
});
