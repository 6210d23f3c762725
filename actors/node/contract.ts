/** The agent of one Banyan node: it registers the machine and collects what it is assigned. Key = node id. */
import { z } from 'zod';
import { defineContract, internal } from '../../protocol/contract.ts';
import { target } from '../orchestrator/contract.ts';

/** What became of one offered batch, as intake reports it. */
export const submissionResult = z.object({
  /** The batch's name as its sender chose it. */
  batch: z.string(),
  accepted: z.number().int(),
  duplicates: z.number().int(),
  corroborated: z.number().int(),
  rejected: z.array(z.object({ index: z.number().int(), error: z.record(z.string(), z.unknown()) })),
  retryAfterMs: z.number().optional(),
  /** Each item's outcome under the sender's own number, in their order, when the sender numbered them. */
  items: z
    .array(
      z.object({
        position: z.number().int(),
        outcome: z.enum(['accepted', 'duplicate', 'corroborated', 'version', 'rejected']),
      }),
    )
    .optional(),
});
export type SubmissionResult = z.infer<typeof submissionResult>;

const taskFailure = z.object({
  input: z.unknown(),
  error: z.object({ code: z.string(), message: z.string() }),
});
const taskSuccess = z.object({ input: z.unknown(), output: z.unknown() });

export const nodeContract = defineContract({
  kind: 'node',
  messages: {
    /** Sent by the machine's control plane at every start; `session` differs each time. */
    'node.started': internal(
      z.object({
        session: z.string(),
        capabilities: z.array(z.string()),
        capacity: z.number().int().positive(),
        /** The node's name; needed only where the key was shortened and cannot be read back. */
        name: z.string().optional(),
      }),
    ),
    'node.stopping': internal(z.object({})),
    'target.assigned': internal(
      z.object({
        id: z.string(),
        assignment: z.string(),
        target,
        exempt: z.boolean(),
        run: z.string().optional(),
      }),
    ),
    /** The target was removed or paused: nothing more of it is read. */
    'target.withdrawn': internal(z.object({ id: z.string() })),
    'scan.done': internal(taskSuccess),
    'scan.failed': internal(taskFailure),
    'read.done': internal(taskSuccess),
    'read.failed': internal(taskFailure),
    'release.done': internal(taskSuccess),
    'release.failed': internal(taskFailure),
    'submission.decided': internal(submissionResult),
    'retry.due': internal(z.object({})),
    /** The target is not this node's to watch any more. */
    'watch.ended': internal(z.object({ target: z.string() })),
  },
  events: {
    /** The query `watched` has another answer now. */
    'watches-changed': z.object({}),
  },
});
