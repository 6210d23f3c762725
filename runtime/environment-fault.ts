/** What happens to a turn from outside: memory, stack, disk. Not the message's fault (rule R8). */
import { BanyanError, type ErrorCode } from '../protocol/errors.ts';
import { messageOf } from './thrown-message.ts';

/** What happened to a turn is the environment's fault; the shard stops and the partition moves. */
export class EnvironmentFault extends Error {
  readonly code: ErrorCode;
  readonly partition: number;
  readonly entry: number;
  readonly index: number;
  readonly epoch: number;

  constructor(
    code: ErrorCode,
    partition: number,
    entry: number,
    index: number,
    epoch: number,
    cause: unknown,
  ) {
    super(`${code} at entry ${entry}.${index} of partition ${partition}`, { cause });
    this.code = code;
    this.partition = partition;
    this.entry = entry;
    this.index = index;
    this.epoch = epoch;
  }
}

/**
 * The code of an environment fault; undefined for what a turn throws by itself. A full stack shows as an error
 * that anybody may have wrapped, so its text is all there is to go by.
 */
export function environmentFaultOf(error: unknown): ErrorCode | undefined {
  const text = `${messageOf(error)} ${error instanceof Error ? messageOf(error.cause) : ''}`;
  if (/Maximum call stack size exceeded/.test(text)) return 'turn.stack';
  if (/Array buffer allocation failed/.test(text)) return 'turn.out_of_memory';
  return error instanceof BanyanError && error.code.startsWith('store.') ? error.code : undefined;
}
