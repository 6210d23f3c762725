/** Near duplicates of a corpus as the coordinator links them, and all pairs that there are. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { globSync } from 'tinyglobby';
import { createCoordinator } from '../../../actors/coordinator/coordinator.ts';
import { excerptOf } from '../../../actors/intake/excerpt.ts';
import { identityOf } from '../../../actors/intake/identity.ts';
import { intakeContract } from '../../../actors/intake/contract.ts';
import { phoenixContract } from '../../../actors/phoenix/contract.ts';
import { recorder } from '../../../actors/recorder.fixture.ts';
import { reputationContract } from '../../../actors/reputation/contract.ts';
import { defaultPipelineSettings } from '../../../actors/settings.ts';
import { signatureOf, wordsOf } from '../../../actors/text/index.ts';
import { createActorHarness } from '../../harness/actor-harness.ts';

export interface Document {
  readonly id: string;
  readonly path: string;
  readonly text: string;
}

export interface Link {
  readonly from: Document;
  readonly to: Document;
  readonly similarity: number;
}

/** Texts of files, each content once, in the order of their paths. */
export function documentsOf(pattern: string): Document[] {
  const documents = new Map<string, Document>();
  for (const path of globSync(pattern, { absolute: true, dot: true, expandDirectories: false }).sort()) {
    const text = readFileSync(path, 'utf8');
    const id = identityOf('text', text);
    if (text.trim() !== '' && !documents.has(id)) documents.set(id, { id, path, text });
  }
  return [...documents.values()];
}

/** What the coordinator links, one document after the other. */
export function linksOf(documents: readonly Document[]): Link[] {
  const others = [recorder(intakeContract), recorder(phoenixContract), recorder(reputationContract)].map(
    ({ actor }) => actor,
  );
  const h = createActorHarness([createCoordinator(defaultPipelineSettings), ...others]);
  const byId = new Map(documents.map((document) => [document.id, document]));
  for (const [index, { id, path, text }] of documents.entries()) {
    const { excerpt, complete } = excerptOf(text, 2_000);
    const artifact = {
      ...{ id, node: 'n1', contentType: 'text', source: path, domain: 'd', excerpt, complete, metadata: {} },
      ...{
        contentBytes: text.length,
        signature: signatureOf(text),
        confidence: 0.5,
        threat: 0,
        opportunity: 0,
      },
    };
    h.advance(1);
    h.tell('coordinator/main', {
      type: 'artifact.offered',
      batch: `b${index}`,
      items: [{ index: 0, artifact }],
    });
  }
  return documents.flatMap((from): Link[] => {
    const { nearDuplicateOf } = h.ask('coordinator/main', 'artifact', { id: from.id }) as {
      nearDuplicateOf: { id: string; similarity: number } | null;
    };
    const to = byId.get(nearDuplicateOf?.id ?? '');
    return to === undefined ? [] : [{ from, to, similarity: nearDuplicateOf?.similarity ?? 0 }];
  });
}

/**
 * Documents that have an earlier one with an exact similarity of at least `threshold`, found by comparing all pairs:
 * an inverted list of word runs counts what each pair shares. Written without the code that it checks.
 */
export function nearOf(documents: readonly Document[], threshold: number): ReadonlySet<string> {
  const seen = new Map<string, number[]>();
  const sizes: number[] = [];
  const near = new Set<string>();
  for (const [index, { id, text }] of documents.entries()) {
    const words = wordsOf(text);
    const runs = new Set(
      words.map((_, at) => hash(words.slice(at, at + 3).join(' '))).slice(0, Math.max(1, words.length - 2)),
    );
    sizes.push(runs.size);
    const shared = new Map<number, number>();
    for (const run of runs) {
      const before = seen.get(run) ?? [];
      for (const other of before) shared.set(other, (shared.get(other) ?? 0) + 1);
      before.push(index);
      seen.set(run, before);
    }
    for (const [other, count] of shared)
      if (count / (runs.size + (sizes[other] ?? 0) - count) >= threshold) near.add(id);
  }
  return near;
}

const hash = (run: string): string => createHash('sha1').update(run).digest('base64').slice(0, 12);
