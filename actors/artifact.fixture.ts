/** Artifacts for tests: distinct by `n`, otherwise alike unless told. */
import { createHash } from 'node:crypto';
import type { Artifact } from './artifact.ts';

export function someArtifact(n: number, overrides: Partial<Artifact> = {}): Artifact {
  const excerpt = overrides.excerpt ?? someText(n);
  return {
    id: createHash('sha256').update(`artifact ${n}`).digest('hex'),
    node: 'n1',
    contentType: 'text',
    source: `file:///data/${n}.txt`,
    domain: 'docs',
    excerpt,
    complete: true,
    contentBytes: excerpt.length,
    signature: '',
    confidence: 0.5,
    threat: 3,
    opportunity: 3,
    metadata: {},
    ...overrides,
  };
}

/** Ordinary prose, different from its first words on. */
export function someText(n: number): string {
  return (
    `Incident ${n} began when the database server number ${n} lost its connection to the storage network. ` +
    `Operators restarted the affected service and restored the last backup of table ${n}. ` +
    'Latency stayed high for the customers until the cache was warm again. ' +
    'A review of the configuration showed that a timeout was shorter than the failover takes.'
  );
}

export const offer = (batch: string, ...artifacts: Artifact[]) => ({
  type: 'artifact.offered',
  batch,
  items: artifacts.map((artifact, index) => ({ index, artifact })),
});
