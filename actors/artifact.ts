/** An artifact on its way through the pipeline: as it is offered, and as the actors behind intake see it. */
import { z } from 'zod';
import { LIMITS } from '../config/limits.ts';

/** Content too large for a message: it lies in the object store under its own SHA-256. */
export const contentRef = z.object({
  ref: z.string().max(256),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number().int().nonnegative(),
});
export type ContentRef = z.infer<typeof contentRef>;

/** What a sender says about an item besides its content. `domain` names the subject area it belongs to. */
const metadata = z.record(z.string().max(64), z.union([z.string().max(1024), z.number(), z.boolean()]));

/** One item as a node or another system offers it to intake. */
export const offeredArtifact = z.object({
  contentType: z.enum(['text', 'code', 'data', 'log', 'html', 'json']),
  content: z.union([z.string().max(LIMITS.messageBodyBytes), contentRef]),
  source: z.string().max(2048).optional(),
  confidence: z.number().min(0).max(1).default(0.5),
  threat: z.number().min(0).max(10).default(0),
  opportunity: z.number().min(0).max(10).default(0),
  metadata: metadata.optional(),
});
export type OfferedArtifact = z.infer<typeof offeredArtifact>;

/**
 * An item behind intake. Its content stays with intake (it crosses the log once); the others work with the
 * identity, the measures and an excerpt of at most 2,000 characters, cut at a word.
 */
export const artifact = z.object({
  /** 64 hex digits: SHA-256 over content type and normalised whole content. */
  id: z.string().regex(/^[0-9a-f]{64}$/),
  node: z.string(),
  contentType: z.string(),
  source: z.string(),
  domain: z.string(),
  excerpt: z.string().max(2_000),
  /** Whether the excerpt is the whole content. */
  complete: z.boolean(),
  contentBytes: z.number().int(),
  /** MinHash over the words of the whole content (`text/minhash.ts`); empty where there are none. */
  signature: z.string().default(''),
  confidence: z.number(),
  threat: z.number(),
  opportunity: z.number(),
  metadata,
});
export type Artifact = z.infer<typeof artifact>;

/** What deduplication decided about one offered item. */
export const outcome = z.enum(['accepted', 'duplicate', 'corroborated', 'version']);
export type Outcome = z.infer<typeof outcome>;
