/** The curator: gates, then immutable dataset versions with manifests. Key = `main`. */
import { z } from 'zod';
import { defineContract, internal } from '../../protocol/contract.ts';
import { scenario, verdict } from '../scenario.ts';

export const curatorContract = defineContract({
  kind: 'curator',
  messages: {
    'scenario.judged': internal(z.object({ scenario, verdict })),
    /**
     * Publishes what is waiting if an example has come since the last version; otherwise nothing happens, so
     * what the balance held back does not become a version of its own.
     */
    'dataset.publish': internal(z.object({ reason: z.string() })),
    /**
     * Loads a basal set: a JSONL file in Alpaca's form, or the folder of an exported version, on this node's
     * machine. Versions take their share of it from then on.
     */
    'basal.load': internal(z.object({ node: z.string(), path: z.string().max(4_096) })),
    'basal.page': internal(
      z.object({ set: z.string(), entries: z.array(z.object({ id: z.string(), index: z.number().int() })) }),
    ),
    'loadBasal.done': internal(z.object({ input: z.unknown(), output: z.unknown() })),
    'loadBasal.failed': internal(
      z.object({ input: z.unknown(), error: z.object({ code: z.string(), message: z.string() }) }),
    ),
    'publish.due': internal(z.object({})),
    'publish.done': internal(z.object({ input: z.unknown(), output: z.unknown() })),
    'publish.failed': internal(
      z.object({ input: z.unknown(), error: z.object({ code: z.string(), message: z.string() }) }),
    ),
  },
  events: {
    'dataset-published': z.object({
      version: z.number().int(),
      name: z.string(),
      examples: z.number().int(),
      manifestSha256: z.string(),
    }),
  },
});
