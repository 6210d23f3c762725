/** A claim as bytes, and what one batch of claims may hold. */
import { decode, encode } from '../protocol/codec.ts';
import { BanyanError } from '../protocol/errors.ts';
import { BATCH_RECORDS } from './checkpoint-log.ts';
import { type Claim, LANES, type NewClaim } from './claim-log.ts';

export function encodeClaim({ partition, epoch, owner, turnVersion }: Claim): Uint8Array {
  return encode({ partition, epoch, owner, turnVersion });
}

/** Undefined for what is no claim of this partition: only nodes should publish here, but no start depends on it. */
export function decodeClaim(data: Uint8Array, partition: number): Claim | undefined {
  let value: unknown;
  try {
    value = decode(data);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const claim = value as Partial<Record<keyof Claim, unknown>>;
  const { epoch, owner, turnVersion } = claim;
  if (claim.partition !== partition || !Number.isSafeInteger(epoch)) return undefined;
  if (owner !== null && typeof owner !== 'string') return undefined;
  if (typeof turnVersion !== 'string') return undefined;
  return { partition, epoch: epoch as number, owner, turnVersion };
}

/** What is known of a partition whose claim subject holds nothing but what others got stored there. */
export function unclaimed(partition: number): Claim {
  return { partition, epoch: 0, owner: null, turnVersion: '' };
}

/** One batch names a partition once and holds no more than a broker takes; anything else is a bug of ours. */
export function checkClaims(claims: readonly NewClaim[], fenced: readonly string[]): void {
  const partitions = new Set(claims.map(({ partition }) => partition));
  if (partitions.size < claims.length)
    throw new BanyanError('internal', { message: 'A partition was claimed twice at once.' });
  if (new Set(fenced).size < fenced.length)
    throw new BanyanError('internal', { message: 'An owner was fenced twice at once.' });
  const messages = claims.length + fenced.length * LANES;
  if (claims.length === 0 || messages > BATCH_RECORDS + 1)
    throw new BanyanError('internal', { message: `${messages} messages are no batch of claims.` });
}
