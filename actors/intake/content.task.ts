/** Intake's work outside of turns: reading contents that came by reference. */
import { createHash } from 'node:crypto';
import { BanyanError, toBanyanError } from '../../protocol/errors.ts';
import type { TaskContext } from '../../runtime/define-actor.ts';
import { signatureOf } from '../text/index.ts';
import { findEvidence } from './evidence.ts';
import { excerptOf } from './excerpt.ts';
import { identityOf } from './identity.ts';

export interface ResolveInput {
  readonly batch: string;
  readonly excerptCharacters: number;
  readonly items: readonly {
    readonly index: number;
    readonly contentType: string;
    readonly sha256: string;
    readonly bytes: number;
  }[];
}
export type Resolved =
  | {
      readonly index: number;
      readonly id: string;
      readonly excerpt: string;
      readonly complete: boolean;
      readonly signature: string;
      readonly bytes: number;
    }
  | { readonly index: number; readonly problem: string };

/** Loads and verifies each object; what is missing, damaged or no text is reported per item. */
export async function resolve(input: ResolveInput, { content }: TaskContext): Promise<{ items: Resolved[] }> {
  const items: Resolved[] = [];
  for (const { index, contentType, sha256, bytes } of input.items) {
    const loaded = await load(content, sha256, bytes);
    if (typeof loaded === 'object') {
      items.push({ index, ...loaded });
      continue;
    }
    const id = identityOf(contentType, loaded);
    const signature = signatureOf(loaded);
    items.push({ index, id, bytes, signature, ...excerptOf(loaded, input.excerptCharacters) });
  }
  return { items };
}

export interface EvidenceInput {
  readonly scenario: string;
  readonly artifact: string;
  readonly contentType: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly terms: string[];
  readonly quotes: string[];
  readonly attempt: number;
}
export interface EvidenceOutput {
  readonly exists: boolean;
  readonly hashMatches: boolean;
  readonly missingTerms: string[];
  readonly missingQuotes: string[];
}

export async function evidence(input: EvidenceInput, { content }: TaskContext): Promise<EvidenceOutput> {
  const loaded = await load(content, input.sha256, input.bytes);
  if (typeof loaded === 'object') {
    return { exists: false, hashMatches: false, missingTerms: input.terms, missingQuotes: input.quotes };
  }
  return { exists: true, ...findEvidence(input, input.contentType, loaded) };
}

/** The text, or what is wrong with the object. Throws when the store itself fails: the task is tried again. */
async function load(
  store: TaskContext['content'],
  sha256: string,
  bytes: number,
): Promise<string | { problem: string }> {
  let stored: Uint8Array;
  try {
    stored = await store.get(sha256);
  } catch (thrown) {
    const error = toBanyanError(thrown);
    const permanent = error.code === 'content.not_found' || error.code === 'content.mismatch';
    if (permanent) return { problem: error.message };
    throw error;
  }
  const actual = createHash('sha256').update(stored).digest('hex');
  if (actual !== sha256 || stored.byteLength !== bytes) {
    return { problem: new BanyanError('content.mismatch').message };
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(stored);
  } catch {
    return { problem: 'The content is not UTF-8 text.' };
  }
  return text.trim() === '' ? { problem: 'The content is empty.' } : text;
}
