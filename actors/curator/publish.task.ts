/**
 * Writes a version's files to the object store. Everything in them follows from the version's fixed members
 * and the turn that fixed them, and objects are named by their hash: an attempt that is repeated after a crash
 * writes the same objects again, and nothing refers to them before the curator has recorded the version.
 */
import { BanyanError } from '../../protocol/errors.ts';
import type { TaskContext } from '../../runtime/define-actor.ts';
import {
  type BasalExampleLine,
  type ExampleLine,
  type Manifest,
  manifestBytes,
  type PublishedVersion,
} from '../dataset/manifest.ts';
import { cutAtWord } from '../text/index.ts';
import type { BasalPart } from './basal.ts';
import type { BasalLine } from './basal-line.ts';
import type { ExampleRow } from './example.ts';

/** What the turn fixed. */
export interface PublishInput {
  readonly curator: string;
  readonly version: number;
  readonly name: string;
  readonly publishedAt: string;
  readonly reason: string;
  readonly previous: Manifest['previous'];
  /** New ones. */
  readonly examples: number;
  /** Lines of the basal set beside them. */
  readonly basal: BasalPart | null;
  readonly gates: Manifest['gates'];
  readonly masked: number;
}

/** Examples per page: about 10 KB each, well below the limit of a reply. */
const PAGE = 20;
/** The result crosses the log: it stays small whatever the domains are called. */
const LISTED_DOMAINS = 10;
const LISTED_CHARACTERS = 100;
const EXAMPLES_FILE = 'examples.jsonl';
const BASAL_FILE = 'basal.jsonl';
/** Basal lines named in one answer. */
const BASAL_PAGE = 200;

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
  const files = [{ name: EXAMPLES_FILE, sha256: file.sha256, bytes: file.bytes, examples: lines.length }];
  const basalLines = await basalLinesOf(input, context);
  if (basalLines.length > 0) {
    const { sha256, bytes } = await context.content.put(Buffer.from(basalLines.join('')));
    files.push({ name: BASAL_FILE, sha256, bytes, examples: basalLines.length });
  }
  const manifest: Manifest = {
    format: 'banyan-dataset',
    formatVersion: 1,
    version: input.version,
    name: input.name,
    publishedAt: input.publishedAt,
    reason: input.reason,
    previous: input.previous,
    examples: lines.length + basalLines.length,
    domains: [...domains]
      .map(([domain, examples]) => ({ domain, examples }))
      .sort((a, b) => b.examples - a.examples || (a.domain < b.domain ? -1 : 1)),
    gates: input.gates,
    masked: input.masked,
    ...(input.basal === null ? {} : { basal: basalOf(input.basal) }),
    files,
  };
  const stored = await context.content.put(manifestBytes(manifest));
  return {
    version: input.version,
    name: input.name,
    publishedAt: input.publishedAt,
    reason: input.reason,
    examples: manifest.examples,
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

function basalOf({ set, count, wanted }: BasalPart): NonNullable<Manifest['basal']> {
  const note = `The basal set has ${count} of the ${wanted} lines that its share asks for.`;
  return { set, wanted, taken: count, ...(count < wanted ? { note } : {}) };
}

/** The lines that the turn fixed, from the stored sets that they belong to. */
async function basalLinesOf({ curator, basal }: PublishInput, context: TaskContext): Promise<string[]> {
  const lines: string[] = [];
  const sets = new Map<string, readonly string[]>();
  for (let from = basal?.from ?? 0; basal !== null && from < basal.from + basal.count; from += BASAL_PAGE) {
    context.signal.throwIfAborted();
    const limit = Math.min(BASAL_PAGE, basal.from + basal.count - from);
    const { entries } = (await context.ask(curator, 'basal', { from, limit })) as {
      entries: readonly { set: string; index: number; id: string }[];
    };
    for (const { set, index, id } of entries) {
      const stored =
        sets.get(set) ??
        Buffer.from(await context.content.get(set))
          .toString('utf8')
          .split('\n');
      sets.set(set, stored);
      const { line, instruction, input, output, masked } = JSON.parse(stored[index] ?? '') as BasalLine;
      const provenance: BasalExampleLine['provenance'] = { example: id, basal: { set, line }, masked };
      lines.push(
        `${JSON.stringify({ instruction, input, output, provenance } satisfies BasalExampleLine)}\n`,
      );
    }
  }
  if (basal !== null && lines.length !== basal.count) {
    throw new BanyanError('internal', { message: `${lines.length} basal lines instead of ${basal.count}.` });
  }
  return lines;
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
