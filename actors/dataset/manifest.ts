/**
 * The manifest of a dataset version: what it holds, what was refused on the way, and the hash of the version
 * before it, so that the versions form a chain that nobody can rewrite unnoticed.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);

const domainCount = z.object({ domain: z.string(), examples: z.number().int().positive() });

export const manifest = z.object({
  format: z.literal('banyan-dataset'),
  formatVersion: z.literal(1),
  version: z.number().int().positive(),
  name: z.string(),
  /** Time of the turn that fixed the version's contents. */
  publishedAt: z.string(),
  reason: z.string(),
  previous: z.object({ version: z.number().int().positive(), manifestSha256: sha256Hex }).nullable(),
  examples: z.number().int().positive(),
  /** Of the new examples; those with most first; a list, because a domain may have any name. */
  domains: z.array(domainCount),
  /** What each gate let through and refused since the previous version, in the gates' order. */
  gates: z.array(z.object({ gate: z.string(), passed: z.number().int(), refused: z.number().int() })),
  /** Pieces of personal data masked since the previous version. */
  masked: z.number().int(),
  /** The part from a basal set, when one is given: its hash, and what its share asked for and got. */
  basal: z
    .object({
      set: sha256Hex,
      wanted: z.number().int(),
      taken: z.number().int(),
      /** Says so when the set had too few lines left. */
      note: z.string().optional(),
    })
    .optional(),
  files: z
    .array(
      z.object({
        name: z.string().regex(/^[A-Za-z0-9_-]+\.jsonl$/),
        sha256: sha256Hex,
        bytes: z.number().int(),
        examples: z.number().int(),
      }),
    )
    .min(1),
});
export type Manifest = z.infer<typeof manifest>;

/** A published version as the curator lists it. */
export interface PublishedVersion {
  readonly version: number;
  readonly name: string;
  readonly publishedAt: string;
  readonly reason: string;
  readonly examples: number;
  readonly manifestSha256: string;
  readonly previousManifestSha256: string | null;
  readonly domainCount: number;
  /** The ten with most examples; the manifest has all. */
  readonly domains: Manifest['domains'];
  readonly gates: Manifest['gates'];
  readonly files: Manifest['files'];
}

/** One line of a JSONL file: Alpaca's fields, and where the example comes from. */
export const exampleLine = z.object({
  instruction: z.string(),
  input: z.string(),
  output: z.string(),
  provenance: z.object({
    /** Hash of the masked input and output; unique over all versions. */
    example: sha256Hex,
    scenario: z.string(),
    /** Identity of the artifact: SHA-256 over content type and normalised content. */
    artifact: sha256Hex,
    nodes: z.array(z.string()),
    source: z.string(),
    domain: z.string(),
    contentType: z.string(),
    quality: z.number(),
    verdict: z.object({
      decision: z.string(),
      confidence: z.number(),
      /** A person decided what the critic could not. */
      reviewed: z.boolean().default(false),
      layers: z.record(z.string(), z.string()),
    }),
    masked: z.number().int(),
    /** Versions of the models that took part, by role; empty while none does. */
    models: z.record(z.string(), z.string()),
  }),
});
export type ExampleLine = z.infer<typeof exampleLine>;

/** A line that comes from a basal set and not from an artifact. */
export const basalExampleLine = z.object({
  instruction: z.string(),
  input: z.string(),
  output: z.string(),
  provenance: z.object({
    example: sha256Hex,
    /** The set's hash, and the line of its file, counted from 1. */
    basal: z.object({ set: sha256Hex, line: z.number().int().positive() }),
    masked: z.number().int(),
  }),
});
export type BasalExampleLine = z.infer<typeof basalExampleLine>;

/** `v0001` for 1: the folder of a version. */
export function versionName(version: number): string {
  return `v${String(version).padStart(4, '0')}`;
}

/** The bytes of a manifest: the same manifest always gives the same ones. */
export function manifestBytes(value: Manifest): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}

/** 64 hex digits. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
