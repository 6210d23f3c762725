/** The curator's rows. An example row never changes; where it belongs is said by the other tables. */
import { defineTable } from '../../runtime/table.ts';
import { defineIndex } from '../../runtime/table-index.ts';
import { bandsOf, signatureOf } from '../text/index.ts';
import type { PublishedVersion } from '../dataset/manifest.ts';
import type { ExampleRow } from './example.ts';

/** By number, in the order in which they passed. */
export const examples = defineTable<ExampleRow>('examples');
/** Id of an example → its number. */
export const exampleIds = defineTable<string>('exampleIds');
/** Numbers of examples that no version holds yet. */
export const waiting = defineTable<{ domain: string }>('waiting');
/** `<version>|<number>`: what a version holds; fixed before its files are written. */
export const members = defineTable<true>('members');
/** By version. */
export const versions = defineTable<PublishedVersion>('versions');
/** `<band>|<number>`: examples that may say nearly the same share a band, see `text/minhash.ts`. */
export const alike = defineIndex<ExampleRow, true>(examples, 'alike', {
  entries: ({ input }, number) => bandsOf(signatureOf(input)).map(({ name }) => [`${name}|${number}`, true]),
});
/** By number: lines of basal sets, in the order in which versions take them; `index` is that in the stored set. */
export const basal = defineTable<{ set: string; index: number; id: string }>('basal');
/** Id of a basal line → its set. */
export const basalIds = defineTable<string>('basalIds');
/** Texts that were refused, by number: a ring of the latest, without their content. */
export const refusals = defineTable<{
  scenario: string;
  artifact: string;
  domain: string;
  gate: string;
  reason: string;
  at: string;
}>('refusals');

export const curatorTables = {
  examples,
  exampleIds,
  waiting,
  members,
  versions,
  basal,
  basalIds,
  refusals,
};

/** Refusals kept for people to read. */
export const REFUSALS_KEPT = 500;

/** Numbers as keys in their order. */
export const numberKey = (number: number): string => String(number).padStart(12, '0');
