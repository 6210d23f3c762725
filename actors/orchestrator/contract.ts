/** What the orchestrator takes and tells: targets to collect, and what became of each attempt. */
import { z } from 'zod';
import { defineContract, internal } from '../../protocol/contract.ts';

/** Something to collect. Its identity is a hash of type and location. */
export const target = z.object({
  type: z.string().max(32),
  location: z.string().max(4096),
  priority: z.number().min(0).max(10).default(5),
  /** How often it is collected again, in seconds; 3,600 unless told. */
  interval: z.number().positive().optional(),
  /** The same in milliseconds; it wins over `interval`. */
  intervalMs: z.number().int().positive().optional(),
  metadata: z.record(z.string(), z.unknown()).default({}),
});
export type Target = z.infer<typeof target>;

export const orchestratorContract = defineContract({
  kind: 'orchestrator',
  messages: {
    /** Adds a target, or updates it; a new or quarantined one is due at once. Replies `{id}`. */
    'target.add': z.object({ target }),
    /** Forgets a target; a node that collects it stops. Replies `{removed}`, false when there was none. */
    'target.remove': z.object({ id: z.string() }),
    /** Keeps a target from being collected until it is resumed; a node that collects it stops. Replies `{paused}`. */
    'target.pause': z.object({ id: z.string() }),
    /** Lifts a pause or a quarantine: the target is due at once. Replies `{resumed}`. */
    'target.resume': z.object({ id: z.string() }),
    /** Like `target.add`, but due now even if it is known, and free of quotas: the user named it. */
    'target.collect': internal(z.object({ target, run: z.string() })),
    'node.report': internal(
      z.object({
        node: z.string(),
        status: z.enum(['active', 'paused', 'draining', 'offline']),
        capabilities: z.array(z.string()),
        /** Concurrent collections. */
        capacity: z.number().int().positive(),
      }),
    ),
    'collect.result': internal(
      z.object({
        node: z.string(),
        target: z.string(),
        assignment: z.string(),
        /** `declined`: the node is not collecting any more; it says nothing about the target. */
        outcome: z.enum(['collected', 'empty', 'failed', 'declined']),
        items: z.number().int(),
        durationMs: z.number(),
        /** Mean of accepted/offered over the attempt, 0..1. */
        quality: z.number(),
        reason: z.string().optional(),
      }),
    ),
    /** A long collection goes on: its assignment's time-out begins anew. */
    'collect.progress': internal(z.object({ node: z.string(), target: z.string(), assignment: z.string() })),
    /** A node that watches a target has seen it change: it is due now, without waiting for its interval. */
    'target.changed': internal(z.object({ node: z.string(), target: z.string() })),
    'orchestrator.tick': internal(z.object({})),
  },
  events: {
    'node-status-changed': z.object({
      node: z.string(),
      from: z.string(),
      to: z.string(),
      reason: z.string(),
    }),
  },
});
