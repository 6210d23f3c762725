/** A head as bytes, and what one batch of records may hold. */
import { decode, encode } from '../protocol/codec.ts';
import { BanyanError } from '../protocol/errors.ts';
import { BATCH_RECORDS, type Head, type StateRecord } from './checkpoint-log.ts';

export function encodeHead(head: Head): Uint8Array {
  return encode(head);
}

/** Throws `data.format` for anything else: a partition whose head cannot be read must not begin anew. */
export function decodeHead(data: Uint8Array, partition: number): Head {
  let value: unknown;
  try {
    value = decode(data);
  } catch (cause) {
    throw unreadable(partition, cause);
  }
  if (!isHead(value) || value.partition !== partition) throw unreadable(partition, undefined);
  return value;
}

function isHead(value: unknown): value is Head {
  if (typeof value !== 'object' || value === null) return false;
  const head = value as Partial<Record<keyof Head, unknown>>;
  const numbers = [head.partition, head.epoch, head.step, head.bundles];
  const texts = [head.owner, head.turnVersion, head.identity];
  return (
    numbers.every(Number.isSafeInteger) &&
    texts.every((text) => typeof text === 'string') &&
    typeof head.released === 'boolean' &&
    typeof head.trimmed === 'boolean' &&
    Array.isArray(head.predecessors) &&
    isCursor(head.cursor)
  );
}

function isCursor(value: unknown): value is Head['cursor'] {
  if (value === null) return true;
  if (typeof value !== 'object') return false;
  const { seq, index, rest, hash } = value as Partial<Record<keyof NonNullable<Head['cursor']>, unknown>>;
  return [seq, index, rest].every(Number.isSafeInteger) && typeof hash === 'string';
}

function unreadable(partition: number, cause: unknown): BanyanError {
  return new BanyanError('data.format', {
    message: `The head of partition ${partition}'s stored state cannot be read.`,
    hint: 'A newer release may have written it: use that one. Else restore the broker from a backup.',
    cause,
  });
}

/** A batch has each slot once and no more than a broker takes; anything else is a bug of ours. */
export function checkRecords(records: readonly StateRecord[]): void {
  if (records.length > BATCH_RECORDS)
    throw new BanyanError('internal', { message: `${records.length} records are more than a batch takes.` });
  if (new Set(records.map(({ slot }) => slot)).size < records.length)
    throw new BanyanError('internal', { message: 'A slot was stored twice at once.' });
}
