/** The critic: structure, evidence, safety, semantics; cheapest first, a verdict with reasons. Key = `main`. */
import { z } from 'zod';
import { defineContract, internal } from '../../protocol/contract.ts';
import { scenario } from '../scenario.ts';

export const criticContract = defineContract({
  kind: 'critic',
  messages: {
    'scenario.offered': internal(z.object({ scenario })),
    /** Intake's answer to `evidence.check`. */
    'evidence.result': internal(
      z.object({
        scenario: z.string(),
        exists: z.boolean(),
        hashMatches: z.boolean(),
        missingTerms: z.array(z.string()),
        missingQuotes: z.array(z.string()),
      }),
    ),
    /** Intake did not answer in time. */
    'evidence.overdue': internal(z.object({})),
    /**
     * A person decides a scenario that waits for review. Replies `{decided, before}`: `decided` is false when none
     * waits, and `before` is then the decision that it has, or null for a scenario that never waited.
     */
    'review.decide': z.object({
      scenario: z.string().max(128),
      decision: z.enum(['accept', 'reject']),
      by: z.string().max(128).default('reviewer'),
      reason: z.string().max(500).default(''),
    }),
  },
  events: {
    'verdict-given': z.object({
      scenario: z.string(),
      decision: z.string(),
      confidence: z.number(),
      reasons: z.array(z.string()),
    }),
  },
});
