/** Passages of real documentation, labelled by hand before the masker was improved; a seeded half is held out. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { LabelledText } from './masking-documents.ts';

const passage = z.object({
  /** Package and file. */
  source: z.string(),
  /** Of the file, counted from 1. */
  line: z.int(),
  heldOut: z.boolean(),
  text: z.string(),
  spans: z.array(z.object({ kind: z.string(), start: z.int(), end: z.int() })),
});
export type Passage = z.infer<typeof passage> & LabelledText;

const FILE = new URL('./masking-sample.json', import.meta.url);

export function readSample(): Passage[] {
  return z.object({ passages: z.array(passage) }).parse(JSON.parse(readFileSync(FILE, 'utf8'))).passages;
}
