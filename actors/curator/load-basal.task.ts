/**
 * Reads a basal set on the machine that has it: a JSONL file in Alpaca's form, or the folder of an exported version,
 * whose files must have the hashes of its manifest. Good lines are stored under their hash and told to the curator
 * page by page; every other line is refused by its number.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BanyanError } from '../../protocol/errors.ts';
import type { TaskContext } from '../../runtime/define-actor.ts';
import { manifest as manifestSchema, sha256Of } from '../dataset/manifest.ts';
import { type BasalLine, readBasalLine } from './basal-line.ts';

export interface LoadBasalInput {
  readonly curator: string;
  /** Absolute. */
  readonly path: string;
  readonly maxBytes: number;
}

export interface BasalSet {
  readonly path: string;
  /** Of the stored object: one good line per line, as JSON. */
  readonly sha256: string;
  readonly lines: number;
  readonly masked: number;
  readonly refused: number;
  /** The first of them. */
  readonly problems: readonly { readonly line: number; readonly problem: string }[];
}

/** Ids in one message; each becomes two rows of its turn. */
const PAGE = 200;
const PROBLEMS_LISTED = 50;

/** Throws `usage` when the path cannot be read, `dataset.damaged` when an exported version is not as it was published. */
export async function loadBasal(input: LoadBasalInput, context: TaskContext): Promise<BasalSet> {
  const texts = linesOf(await readSet(input));
  const problems: { line: number; problem: string }[] = [];
  const byId = new Map<string, BasalLine>();
  for (const [index, text] of texts.entries()) {
    const read = readBasalLine(text, index + 1);
    if (typeof read === 'string') problems.push({ line: index + 1, problem: read });
    else if (byId.has(read.id))
      problems.push({ line: index + 1, problem: `repeats line ${byId.get(read.id)?.line}` });
    else byId.set(read.id, read);
  }
  const lines = [...byId.values()];
  const stored = await context.content.put(
    Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')),
  );
  // In the order of a hash, so that each version takes an even sample; the same file gives the same order.
  const order = lines
    .map(({ id }, index) => ({
      id,
      index,
      rank: createHash('sha256').update(`${stored.sha256} ${id}`).digest('hex'),
    }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1));
  for (let at = 0; at < order.length; at += PAGE) {
    const entries = order.slice(at, at + PAGE).map(({ id, index }) => ({ id, index }));
    await context.tell(input.curator, { type: 'basal.page', set: stored.sha256, entries } as {
      type: string;
    });
  }
  return {
    path: input.path,
    sha256: stored.sha256,
    lines: lines.length,
    masked: lines.reduce((sum, { masked }) => sum + masked, 0),
    refused: problems.length,
    problems: problems.slice(0, PROBLEMS_LISTED),
  };
}

async function readSet({ path, maxBytes }: LoadBasalInput): Promise<string> {
  try {
    const status = await stat(path);
    if (status.isDirectory()) return await readExported(path, maxBytes);
    return await readWhole(path, maxBytes);
  } catch (cause) {
    if (cause instanceof BanyanError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BanyanError('usage', { message: `The basal set cannot be read: ${why}`, cause });
  }
}

async function readWhole(path: string, maxBytes: number): Promise<string> {
  const { size } = await stat(path);
  if (size > maxBytes) {
    throw new BanyanError('usage', {
      message: `The basal set ${path} has ${size} bytes, at most ${maxBytes} are read.`,
    });
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
}

async function readExported(folder: string, maxBytes: number): Promise<string> {
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
  const texts: string[] = [];
  for (const { name, sha256 } of manifest.files) {
    const text = await readWhole(join(folder, name), maxBytes);
    if (sha256Of(Buffer.from(text)) !== sha256) {
      throw new BanyanError('dataset.damaged', {
        message: `${join(folder, name)} is not as it was published.`,
      });
    }
    texts.push(text);
  }
  return texts.join('');
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
