/**
 * Where a shard says which turn it runs, and that its thread is alive at all, in memory that the main thread can read
 * while the shard's thread is stuck. Plain stores: each turn writes six numbers and pays nothing more.
 */

const COUNT = 0;
const ACTIVE = 1;
const PARTITION = 2;
const SEQ = 3;
const INDEX = 4;
const EPOCH = 5;
const BEATS = 6;
const FIELDS = 7;

/** A shard whose thread is free to do anything beats so often. */
export const BEAT_MS = 100;

/** A message in the log, by its place. A query has partition -1: nobody can skip it, it is not in the log. */
export interface TurnPlace {
  readonly partition: number;
  readonly seq: number;
  readonly index: number;
  /** Of the partition's owner. */
  readonly epoch: number;
}

export function createBeacon(): SharedArrayBuffer {
  return new SharedArrayBuffer(FIELDS * Float64Array.BYTES_PER_ELEMENT);
}

/** The shard's side. */
export function beaconWriter(memory: SharedArrayBuffer): {
  turn(partition: number, seq: number, index: number, epoch: number): void;
  idle(): void;
  /** The thread has come round. */
  beat(): void;
} {
  const fields = new Float64Array(memory);
  return {
    turn(partition, seq, index, epoch) {
      fields[PARTITION] = partition;
      fields[SEQ] = seq;
      fields[INDEX] = index;
      fields[EPOCH] = epoch;
      fields[ACTIVE] = 1;
      fields[COUNT] = (fields[COUNT] as number) + 1;
    },
    idle() {
      fields[ACTIVE] = 0;
    },
    beat() {
      fields[BEATS] = (fields[BEATS] as number) + 1;
    },
  };
}

/** What the main thread sees. */
export interface Sign {
  /** Differs when it is another turn. */
  readonly count: number;
  /** Grows while the thread comes round; 0 until the shard is ready. */
  readonly beats: number;
  readonly running: TurnPlace | undefined;
}

/** The main thread's side. */
export function readBeacon(memory: SharedArrayBuffer): Sign {
  const fields = new Float64Array(memory);
  const running = {
    partition: fields[PARTITION] as number,
    seq: fields[SEQ] as number,
    index: fields[INDEX] as number,
    epoch: fields[EPOCH] as number,
  };
  return {
    count: fields[COUNT] as number,
    beats: fields[BEATS] as number,
    running: fields[ACTIVE] === 1 ? running : undefined,
  };
}
