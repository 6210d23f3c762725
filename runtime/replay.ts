/**
 * Recomputes an actor from the log: what its partition's entries make of it, on any machine, at any later
 * time, up to any entry. The turns are the production ones; what they want done outside is dropped.
 */
import { setImmediate } from 'node:timers/promises';
import { LIMITS } from '../config/limits.ts';
import type { Address } from '../protocol/address.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { Subjects } from '../protocol/subjects.ts';
import { type Cell, Cells } from './cells.ts';
import type { Log, LogEntry } from './log.ts';
import { type Departures, Outbox, partitionOfAddress } from './outbox.ts';
import { Overlay } from './overlay.ts';
import { type Cursor, EnvironmentFault, type ObservedTurn, Partition } from './partition.ts';
import { stateHash } from './state-hash.ts';
import { MemoryStore } from './store-memory.ts';
import type { System } from './system.ts';

export interface ReplayRequest {
  readonly log: Log;
  readonly system: System;
  readonly subjects: Subjects;
  /** The namespace's number of partitions. */
  readonly partitions: number;
  readonly address: Address;
  /** The last entry to apply, by its sequence in the stream. Default: the partition's last one now. */
  readonly until?: number;
  /** Sees the turns of this actor, in order. */
  readonly onTurn?: (turn: ObservedTurn) => void;
}

/** An actor as the log makes it. */
export interface ReplayedActor {
  /** The machine's state value; undefined for an actor that has not had a turn. */
  readonly state: unknown;
  readonly context: unknown;
  readonly standing: Cell['standing'];
  /** As `Shard.stateHash` gives it for the same cursor. */
  readonly hash: string;
  /** The last entry applied; undefined when there was none. */
  readonly cursor: Cursor | undefined;
  /** Turns of this actor that ran to their end. */
  readonly turns: number;
  /** Messages to this actor that became dead letters. */
  readonly deadLetters: number;
}

/**
 * Replays the actor's whole partition, because marks, timers and tasks are the partition's, and returns the
 * one actor. Throws `actor.unknown_kind`, `log.truncated` when the log no longer begins at its beginning,
 * the code of an environment fault (`turn.stack`, …) when a turn meets one, and `log.unavailable`.
 */
export async function replayActor(request: ReplayRequest): Promise<ReplayedActor> {
  const { log, system, subjects, partitions, address } = request;
  const id = partitionOfAddress(address, partitions);
  const store = new MemoryStore();
  const overlay = new Overlay(store);
  const cells = new Cells(system, overlay, LIMITS.residentActorsPerShard);
  cells.load(address, id);
  const departures = new Dropped(subjects.dead(address));
  let turns = 0;
  const partition = new Partition({
    id,
    overlay,
    cells,
    outbox: new Outbox(overlay, departures, id, partitions, undefined, () => {}),
    subjects,
    onDeadLetter: () => {},
    verdicts: (await log.verdicts()).filter((verdict) => verdict.partition === id),
    beacon: () => {},
    sampler: (actor) => actor === address,
    onTurn: (turn) => {
      request.onTurn?.(turn);
      turns++;
    },
  });
  await applyAll(partition, overlay, entriesOf(log, id, request.until));
  const { snapshot, standing } = cells.load(address, id);
  return {
    state: snapshot?.value,
    context: snapshot?.context,
    standing,
    hash: stateHash(store, id, address),
    cursor: partition.cursor,
    turns,
    deadLetters: departures.deadLetters,
  };
}

/** The partition's entries from the first to `until`, or to the last one there is now. */
async function* entriesOf(log: Log, partition: number, until: number | undefined): AsyncGenerator<LogEntry> {
  const [{ firstSeq }, end] = await Promise.all([log.state(), log.end(partition)]);
  if (firstSeq > 1) {
    throw new BanyanError('log.truncated', {
      message: `The log begins at entry ${firstSeq}; what came before cannot be replayed.`,
    });
  }
  const last = Math.min(end, until ?? end);
  if (last < 1) return;
  const reader = log.read(partition, 0);
  try {
    for await (const entry of reader.entries) {
      if (entry.seq <= last) yield entry;
      if (entry.seq >= last) return;
    }
  } finally {
    await reader.stop();
  }
}

/** In windows, as a shard does: memory stays small, and whoever shares the thread gets a turn. */
async function applyAll(
  partition: Partition,
  overlay: Overlay,
  entries: AsyncIterable<LogEntry>,
): Promise<void> {
  const commit = (): void => {
    partition.save();
    overlay.flush();
    partition.release();
  };
  let messages = 0;
  try {
    for await (const entry of entries) {
      messages += partition.apply(entry);
      if (messages < LIMITS.windowTurns) continue;
      messages = 0;
      commit();
      await setImmediate();
    }
    commit();
  } catch (error) {
    if (!(error instanceof EnvironmentFault)) throw error;
    throw new BanyanError(error.code, { message: error.message, cause: error });
  }
}

/** Everything is done as soon as it is asked for, and nothing is done; dead letters are counted. */
class Dropped implements Departures {
  deadLetters = 0;
  readonly #subject: string;

  constructor(subject: string) {
    this.#subject = subject;
  }

  send: Departures['send'] = (_partition, _item, done) => done();
  publishEvent: Departures['publishEvent'] = (_publication, done) => done();
  publishDeadLetter: Departures['publishDeadLetter'] = ({ subject }, done) => {
    if (subject === this.#subject) this.deadLetters++;
    done();
  };
}
