/**
 * Which partition an actor belongs to. It is the server's own `partition()` mapping (FNV-1a, 32 bit, over
 * the tokens joined without a separator, modulo the count), so senders know it without asking.
 */

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** The partition, 0 to `partitions` - 1, of the actor `kind/key`. Kinds and keys are ASCII. */
export function partitionOf(kind: string, key: string, partitions: number): number {
  let hash = OFFSET_BASIS;
  for (let at = 0; at < kind.length; at++) hash = Math.imul(hash ^ kind.charCodeAt(at), PRIME);
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), PRIME);
  return (hash >>> 0) % partitions;
}
