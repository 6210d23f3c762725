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
        /** Who says so: `critic/main`, a coordinator, or the name of the node that corroborates. */
        origin: z.string(),
        evidence: z.string(),
        /** Whom to tell when the score moves: a coordinator's address. */
        notify: z.string(),
        /** Of a corroboration: the corroborating node's reputation. */
        weight: z.number().min(0).max(1).optional(),
        /** Of a verdict: the confidence that the node claimed for the item, where it was the one to claim it. */
        claimed: z.number().min(0).max(1).optional(),
      }),
    ),
    /**
     * What somebody outside of the pipeline holds of a node. Replies `{counted, why}`. A voter's name is a claim: all
     * of these votes weigh the same, and who may send them is for the broker's permissions to say.
     */
    'vote.cast': z.object({
      node: z.string().max(256),
      voter: z.string().min(1).max(256),
      vote: z.enum(['good', 'bad']),
      evidence: z.string().max(500).default(''),
    }),
    /** An operator has looked at a flag: votes count again. Replies `{cleared}`, false when nothing was flagged. */
    'brigading.clear': z.object({ by: z.string().min(1).max(128), reason: z.string().max(500).default('') }),
    /** An epoch with outcomes has ended. */
    'epoch.due': internal(z.object({})),
    /** Another day without activity. */
    'decay.due': internal(z.object({})),
  },
  events: {
    /** `before` and `after` are the effective score, which is what a coordinator ranks by. */
    'reputation-changed': z.object({
      node: z.string(),
      before: z.number(),
      after: z.number(),
      reason: z.string(),
      evidence: z.array(z.string()),
    }),
  },
});
