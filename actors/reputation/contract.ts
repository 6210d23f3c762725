/** One node's standing. Key = the node's escaped name. */
import { z } from 'zod';
import { defineContract, internal } from '../../protocol/contract.ts';

export const reputationContract = defineContract({
  kind: 'reputation',
  messages: {
    /** Outcomes observed by the pipeline itself, never a node's own claims. */
    'outcome.observed': internal(
      z.object({
        node: z.string(),
        source: z.enum(['acceptance', 'verdict', 'corroboration']),
        good: z.number().int().nonnegative(),
        bad: z.number().int().nonnegative(),
        /** Who observed it, such as `critic/main`. */
        origin: z.string(),
        evidence: z.string(),
        /** Whom to tell when the score moves: a coordinator's address. */
        notify: z.string(),
      }),
    ),
    /** An epoch with outcomes has ended. */
    'epoch.due': internal(z.object({})),
    /** Another day without activity. */
    'decay.due': internal(z.object({})),
  },
  events: {
    'reputation-changed': z.object({
      node: z.string(),
      before: z.number(),
      after: z.number(),
      reason: z.string(),
      evidence: z.array(z.string()),
    }),
  },
});
