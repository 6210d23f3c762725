/** A training scenario: made by the phoenix feeder, checked by the critic, published by the curator. */
import { z } from 'zod';

export const scenario = z.object({
  /** Stable: `<first 16 hex digits of the artifact's id>-<collection>`; one artifact makes one scenario. */
  id: z.string(),
  artifact: z.string(),
  collection: z.string(),
  node: z.string(),
  /** Everybody who had reported the artifact when it was fed, `node` first. */
  nodes: z.array(z.string()),
  source: z.string(),
  domain: z.string(),
  contentType: z.string(),
  /** min(10, threat). */
  difficulty: z.number(),
  objectives: z.array(z.string()),
  /** What the trained model is told to do. */
  instruction: z.string(),
  /** At most 2,000 characters of the artifact, cut at a word. */
  input: z.string().max(2_000),
  expected: z.object({
    /** Sentences taken verbatim from the input. */
    summary: z.string(),
    assessment: z.string(),
    keyTerms: z.array(z.string()),
    characteristics: z.array(z.string()),
  }),
  tags: z.array(z.string()),
  novelty: z.number(),
  confidence: z.number(),
  /** What `node` itself claimed, without corroboration; absent from what an earlier release fed. */
  claimed: z.number().min(0).max(1).optional(),
});
export type Scenario = z.infer<typeof scenario>;

export const verdict = z.object({
  scenario: z.string(),
  decision: z.enum(['accept', 'reject', 'review']),
  /** 0..1; below 0.85 without verified evidence a scenario waits for a person. */
  confidence: z.number(),
  layers: z.array(
    z.object({
      layer: z.enum(['structure', 'evidence', 'safety', 'semantics']),
      result: z.enum(['passed', 'failed', 'unavailable']),
      reasons: z.array(z.string()),
    }),
  ),
  /** The person who decided what the critic could not. */
  review: z.object({ by: z.string(), reason: z.string(), at: z.string() }).optional(),
});
export type Verdict = z.infer<typeof verdict>;
