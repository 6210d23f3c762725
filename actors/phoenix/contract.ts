/** The phoenix feeder: turns the best artifacts into a diverse stream of training scenarios. Key = `main`. */
import { z } from 'zod';
import { defineContract, internal } from '../../protocol/contract.ts';
import { artifact } from '../artifact.ts';

/** An artifact that may be fed, with everybody who reported it and the confidence that the first of them claimed. */
export const candidate = artifact.extend({
  reporters: z.array(z.string()),
  claimed: z.number().min(0).max(1).optional(),
});
export type Candidate = z.infer<typeof candidate>;

export const phoenixContract = defineContract({
  kind: 'phoenix',
  messages: {
    /** A collection has artifacts that were never offered to the feeder. */
    'artifacts.available': internal(z.object({ collection: z.string() })),
    /** The coordinator's answer to `candidates.wanted`, best first; `more` = further ones wait. */
    'candidates.found': internal(
      z.object({
        round: z.string(),
        collection: z.string(),
        artifacts: z.array(candidate),
        more: z.boolean(),
      }),
    ),
    /** Starts a round now instead of waiting for the timer. */
    'feed.now': internal(z.object({})),
    'feed.due': internal(z.object({})),
  },
  events: {
    'scenario-fed': z.object({
      id: z.string(),
      artifact: z.string(),
      domain: z.string(),
      node: z.string(),
      novelty: z.number(),
    }),
  },
});
