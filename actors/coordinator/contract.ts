/** Holds one collection: deduplicates, scores, ranks. Key = the collection's name, `main` by default. */
import { z } from 'zod';
import { defineContract, internal } from '../../protocol/contract.ts';
import { artifact, outcome } from '../artifact.ts';

export const coordinatorContract = defineContract({
  kind: 'coordinator',
  messages: {
    /** From intake, answered with `offer.decided`; items in the order they were offered. */
    'artifact.offered': internal(
      z.object({ batch: z.string(), items: z.array(z.object({ index: z.number().int(), artifact })) }),
    ),
    /** The rest of an offer that was too much for one turn; the coordinator sends it to itself. */
    'offer.continued': internal(
      z.object({
        batch: z.string(),
        items: z.array(z.object({ index: z.number().int(), artifact })),
        decisions: z.array(z.object({ index: z.number().int(), id: z.string(), outcome })),
      }),
    ),
    /** A node's reputation moved: its own artifacts are ranked anew. */
    'reputation.moved': internal(z.object({ node: z.string(), score: z.number() })),
    /**
     * From the phoenix feeder, answered with `candidates.found`: the best `limit` that were not fed yet. What
     * is beyond `perDomain` of its domain (node, content type) is sent only if the others leave room.
     */
    'candidates.wanted': internal(
      z.object({
        round: z.string(),
        limit: z.number().int().min(1).max(1000),
        perDomain: z.number().int().positive().optional(),
        perNode: z.number().int().positive().optional(),
        perContentType: z.number().int().positive().optional(),
      }),
    ),
    /** The feeder's decision: these became scenarios, those never will. */
    'candidates.settled': internal(
      z.object({
        fed: z.array(z.string()),
        refused: z.array(z.object({ id: z.string(), reason: z.string() })),
      }),
    ),
    /** The collection's own timer: it is time to look for patterns in what was accepted since. */
    'patterns.due': internal(z.object({})),
  },
  events: {
    'artifact-accepted': z.object({
      id: z.string(),
      node: z.string(),
      domain: z.string(),
      source: z.string(),
      priority: z.number(),
      version: z.number().int(),
      /** The artifact that it is nearly the same as. */
      nearDuplicateOf: z.string().optional(),
    }),
    /** A pattern is new: what its artifacts have in common, with three of them. */
    'pattern-found': z.object({
      run: z.number().int(),
      id: z.string(),
      terms: z.array(z.object({ term: z.string(), weight: z.number().min(0).max(1) })).readonly(),
      characteristics: z.array(z.string()).readonly(),
      samples: z.array(z.object({ id: z.string(), source: z.string(), excerpt: z.string() })).readonly(),
      members: z.number().int(),
      confidence: z.number().min(0).max(1),
      firstSeenAt: z.string(),
    }),
  },
});
