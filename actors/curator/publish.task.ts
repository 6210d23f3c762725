/**
 * Writes a version's files to the object store. Everything in them follows from the version's fixed members
 * and the turn that fixed them, and objects are named by their hash: an attempt that is repeated after a crash
 * writes the same objects again, and nothing refers to them before the curator has recorded the version.
 */
import { BanyanError } from '../../protocol/errors.ts';
import type { TaskContext } from '../../runtime/define-actor.ts';
import {
  type ExampleLine,
  type Manifest,
  manifestBytes,
  type PublishedVersion,
} from '../dataset/manifest.ts';
import { cutAtWord } from '../text/index.ts';
import type { ExampleRow } from './example.ts';

/** What the turn fixed. */
export interface PublishInput {
  readonly curator: string;
  readonly version: number;
  readonly name: string;
  readonly publishedAt: string;
  readonly reason: string;
  readonly previous: Manifest['previous'];
  readonly examples: number;
  readonly gates: Manifest['gates'];
  readonly masked: number;
}

/** Examples per page: about 10 KB each, well below the limit of a reply. */
const PAGE = 20;
/** The result crosses the log: it stays small whatever the domains are called. */
const LISTED_DOMAINS = 10;
const LISTED_CHARACTERS = 100;
const EXAMPLES_FILE = 'examples.jsonl';

export async function publish(input: PublishInput, context: TaskContext): Promise<PublishedVersion> {
  const lines: string[] = [];
  const domains = new Map<string, number>();
  for (let after: string | undefined; ;) {
    context.signal.throwIfAborted();
    const page = (await context.ask(input.curator, 'examples', {
      version: input.version,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    })) as { examples: readonly ExampleRow[]; next: string | null };
    for (const example of page.examples) {
      lines.push(`${JSON.stringify(lineOf(example))}\n`);
      domains.set(example.domain, (domains.get(example.domain) ?? 0) + 1);
    }
    if (page.next === null) break;
    after = page.next;
  }
  if (lines.length !== input.examples) {
    throw new BanyanError('internal', {
      message: `${input.name} holds ${lines.length} examples instead of ${input.examples}.`,
    });
  }
  const file = await context.content.put(Buffer.from(lines.join('')));
  const manifest: Manifest = {
    format: 'banyan-dataset',
    formatVersion: 1,
    version: input.version,
    name: input.name,
    publishedAt: input.publishedAt,
    reason: input.reason,
    previous: input.previous,
    examples: lines.length,
    domains: [...domains]
      .map(([domain, examples]) => ({ domain, examples }))
      .sort((a, b) => b.examples - a.examples || (a.domain < b.domain ? -1 : 1)),
    gates: input.gates,
    masked: input.masked,
    files: [{ name: EXAMPLES_FILE, sha256: file.sha256, bytes: file.bytes, examples: lines.length }],
  };
  const stored = await context.content.put(manifestBytes(manifest));
  return {
    version: input.version,
    name: input.name,
    publishedAt: input.publishedAt,
    reason: input.reason,
    examples: lines.length,
    manifestSha256: stored.sha256,
    previousManifestSha256: input.previous?.manifestSha256 ?? null,
    domainCount: manifest.domains.length,
    domains: manifest.domains
      .slice(0, LISTED_DOMAINS)
      .map(({ domain, examples }) => ({ domain: cutAtWord(domain, LISTED_CHARACTERS), examples })),
    gates: input.gates,
    files: manifest.files,
  };
}

function lineOf(row: ExampleRow): ExampleLine {
  return {
    instruction: row.instruction,
    input: row.input,
    output: row.output,
    provenance: {
      example: row.id,
      scenario: row.scenario,
      artifact: row.artifact,
      nodes: [...row.nodes],
      source: row.source,
      domain: row.domain,
      contentType: row.contentType,
      quality: row.quality,
      verdict: {
        decision: row.verdict.decision,
        confidence: row.verdict.confidence,
        reviewed: row.verdict.reviewed,
        layers: { ...row.verdict.layers },
      },
      masked: row.masked,
      models: {},
    },
  };
}
