/** The pipeline's only public door: quotas, validity, identity; it keeps the contents. Key = `main`. */
import { z } from 'zod';
import { defineContract, internal } from '../../protocol/contract.ts';
import { offeredArtifact, outcome } from '../artifact.ts';

export const intakeContract = defineContract({
  kind: 'intake',
  messages: {
    /** Replies `{accepted, duplicates, corroborated, rejected: [{index, error}], retryAfterMs?}`. */
    'artifact.submit': z.object({
      node: z.string().min(1).max(256),
      collection: z
        .string()
        .regex(/^[A-Za-z0-9_:-]{1,64}$/)
        .default('main'),
      /** How many of the items were refused before: they are counted as retried, not as collected. */
      retries: z.number().int().nonnegative().default(0),
      /** Items are validated one by one: a bad one is rejected by its index, the others go on. */
      artifacts: z.array(z.unknown()).min(1).max(256),
    }),
    /** From a node's collector; answered with `submission.decided` to the node's actor. */
    'artifact.collected': internal(
      z.object({
        node: z.string(),
        batch: z.string(),
        collection: z.string().default('main'),
        /** The user named the source: quotas do not apply. */
        exempt: z.boolean(),
        /** How many of the items were offered and refused before: they are counted as retried, not as collected. */
        retries: z.number().int().nonnegative().default(0),
        /** The sender's own number for each item; returned with its outcome in `submission.decided`. */
        positions: z.array(z.number().int()).optional(),
        artifacts: z.array(offeredArtifact).min(1).max(256),
      }),
    ),
    'resolve.done': internal(z.object({ input: z.unknown(), output: z.unknown() })),
    'resolve.failed': internal(
      z.object({ input: z.unknown(), error: z.object({ code: z.string(), message: z.string() }) }),
    ),
    /** The coordinator's answer to an offer. `index` counts within the submission. */
    'offer.decided': internal(
      z.object({
        batch: z.string(),
        decisions: z.array(z.object({ index: z.number().int(), id: z.string(), outcome })),
      }),
    ),
    /** A node's measured success rate over its last attempts, for its quota. */
    'node.measured': internal(
      z.object({ node: z.string(), successRate: z.number(), attempts: z.number().int() }),
    ),
    /** From the critic: do the artifact and its terms exist? Answered with `evidence.result`. */
    'evidence.check': internal(
      z.object({
        scenario: z.string(),
        artifact: z.string(),
        terms: z.array(z.string()),
        quotes: z.array(z.string()),
        /** Counted up when intake asks itself again because the object store did not answer. */
        attempt: z.number().int().optional(),
      }),
    ),
    'evidence.done': internal(z.object({ input: z.unknown(), output: z.unknown() })),
    'evidence.failed': internal(
      z.object({ input: z.unknown(), error: z.object({ code: z.string(), message: z.string() }) }),
    ),
  },
});
