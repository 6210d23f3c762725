/** What a broker refuses and its client throws, as codes of the port. */
import { JetStreamApiError } from '@nats-io/jetstream';
import { BanyanError } from '../protocol/errors.ts';

/** Maximum messages, bytes or messages per subject reached; insufficient storage resources. */
const FULL = new Set([10077, 10047, 10023]);
/** The last sequence is another one; or, on a replicated stream, another message that depends on it is under way. */
const CONFLICT = new Set([10071, 10164]);

/** What the NATS client throws becomes a code of the port: `log.full`, or else `log.unavailable`. */
export async function available<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (cause) {
    throw asPortError(cause);
  }
}

/** What the client throws, as one of the codes of the port. */
export function asPortError(cause: unknown): BanyanError {
  if (cause instanceof BanyanError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new BanyanError(isFull(cause) ? 'log.full' : 'log.unavailable', { message, cause });
}

/** Whether the broker refused a message because its stream or its disk has no room. */
export function isFull(cause: unknown): boolean {
  return cause instanceof JetStreamApiError && FULL.has(cause.code);
}

/** Whether a compare-and-swap was lost, or may have been: look before saying so. */
export function mayConflict(cause: unknown): boolean {
  return cause instanceof JetStreamApiError && CONFLICT.has(cause.code);
}
