/** What a watching actor is told when the one that it watches goes down. */
import { z } from 'zod';
import { LIMITS } from '../config/limits.ts';
import { isAddress } from './address.ts';
import { internal } from './contract.ts';

const reason = z.object({
  /**
   * `normal`: it reached its final state; `shutdown`: it was deleted; `error`: it was quarantined, or this release
   * cannot read its state; `killed`: by an operator; `noproc`: there was nobody to watch.
   */
  kind: z.enum(['normal', 'shutdown', 'error', 'killed', 'noproc']),
  /** Of `error`: a code of the catalogue, if there is one. */
  code: z.string().max(LIMITS.nameChars).optional(),
  message: z.string().optional(),
});

/** Why an actor or a worker went down. */
export type DownReason = z.infer<typeof reason>;

/**
 * The schema of `down`, for the contract of an actor that watches others: `messages: {down, …}`. Comes once for each
 * `watch` whose target goes down.
 */
export const down = internal(
  z.object({
    /** Who went down. */
    address: z.string().refine(isAddress),
    reason,
  }),
);
