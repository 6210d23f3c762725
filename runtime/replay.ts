/**
 * Recomputes an actor from the log: what its partition's entries make of it, on any machine, at any later
 * time, up to any entry that no checkpoint has made superfluous. The turns are the production ones; what they
 * want done outside is dropped.
 *
 * While the log still holds the partition's entries from the first one on, and this version of the actors has
 * turned them all, they are replayed from there; else the replay begins with the last checkpoint.
 */
import { setImmediate } from 'node:timers/promises';
import { LIMITS } from '../config/limits.ts';
import type { Address } from '../protocol/address.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { Subjects } from '../protocol/subjects.ts';
import { type Cell, Cells } from './cells.ts';
import { LANES } from './claim-log.ts';
import { decodeClaim } from './claim-record.ts';
import { buildIndexes } from './build-indexes.ts';
import { loadState } from './load-state.ts';
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
  /** The entry of the checkpoint that the replay began with; 0 when it began with the first entry. */
  readonly since: number;
  /** Messages to this actor that became dead letters. */
  readonly deadLetters: number;
}

/**
 * Replays the actor's whole partition, because marks, timers and tasks are the partition's, and returns the
 * one actor. Throws `actor.unknown_kind`, `log.trimmed` for an entry before the last checkpoint of a trimmed
 * log, `version.tail` for one that may have been turned by another version of the actors, the code of an environment fault (`turn.stack`, …) when a turn meets one, and `log.unavailable`.
 */
export async function replayActor(request: ReplayRequest): Promise<ReplayedActor> {
  const { log, system, subjects, partitions, address } = request;
  const id = partitionOfAddress(address, partitions);
  const store = new MemoryStore();
  const overlay = new Overlay(store);
  const since = await loadBase(request, store, id);
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
    onQuarantined: () => {},
    verdicts: (await log.verdicts()).filter((verdict) => verdict.partition === id),
    epoch: 0,
    beacon: () => {},
    sampler: (actor) => actor === address,
    onTurn: (turn) => {
      request.onTurn?.(turn);
      turns++;
    },
  });
  await applyAll(partition, overlay, entriesOf(log, id, partition.position, request.until));
  // What was trimmed while it was being read is missing without a word.
  if (since === 0 && (await log.head(id))?.trimmed === true)
    throw new BanyanError('log.unavailable', { message: 'The log was trimmed during the replay.' });
  const { snapshot, standing } = cells.load(address, id);
  return {
    state: snapshot?.value,
    context: snapshot?.context,
    standing,
    hash: stateHash(store, id, address),
    cursor: partition.cursor,
    since,
    turns,
    deadLetters: departures.deadLetters,
  };
}

/** Loads what the replay begins with; returns its last entry. A partition's log is whole until its owner has trimmed it. */
async function loadBase(request: ReplayRequest, store: MemoryStore, partition: number): Promise<number> {
  const { log, partitions, until } = request;
  const head = await log.head(partition);
  const other = head?.trimmed === true ? undefined : await otherVersion(request, partition);
  const whole = head?.trimmed === true || (await isWhole(log, partition, partitions));
  if (head === undefined || head.cursor === null) {
    if (!whole) throw await beginsLate(log);
    return 0;
  }
  // What is missing at the beginning may have been lanes of an owner that is gone; the checkpoint holds the rest.
  if (!head.trimmed && other === undefined && whole) return 0;
  const { cursor } = await loadState(log, store, head);
  await buildIndexes(store, partition, request.system, async () => {});
  const seq = cursor?.seq ?? 0;
  if (until !== undefined && until < seq) {
    if (other !== undefined)
      throw new BanyanError('version.tail', {
        message: `Version ${other} may have turned entries before ${seq} of partition ${partition}; this is ${request.system.turnVersion}.`,
        hint: 'Replay it with the release that turned them, or ask for a later entry.',
      });
    throw new BanyanError('log.trimmed', {
      message: `A checkpoint holds everything up to entry ${seq} of partition ${partition}; entry ${until} is before it.`,
    });
  }
  return seq;
}

/** Another version of the actors that has owned the partition, and may have turned what it read: ours may do otherwise. */
async function otherVersion(
  { log, system, until }: ReplayRequest,
  partition: number,
): Promise<string | undefined> {
  for await (const { place, data } of entriesOf(log, partition, 0, until)) {
    const claim = place.kind === 'claim' ? decodeClaim(data, partition) : undefined;
    if (claim !== undefined && claim.turnVersion !== system.turnVersion) return claim.turnVersion;
  }
  return undefined;
}

/**
 * Whether the log still has the partition's first entry: it begins with the very first one, or with what trimming has
 * left, or only the lanes are missing that were stored before the partition's first claim, and went with their owner.
 */
async function isWhole(log: Log, partition: number, partitions: number): Promise<boolean> {
  const { firstSeq } = await log.state();
  if (firstSeq <= 1) return true;
  const heads = await Promise.all(Array.from({ length: partitions }, (_, each) => log.head(each)));
  if (heads.some((head) => head?.trimmed === true)) return true;
  return (firstSeq - 1) % LANES === 0 && (await beginsWithFirstClaim(log, partition));
}

async function beginsWithFirstClaim(log: Log, partition: number): Promise<boolean> {
  for await (const { place, data } of entriesOf(log, partition, 0, undefined))
    return place.kind === 'claim' && decodeClaim(data, partition)?.epoch === 1;
  return false;
}

async function beginsLate(log: Log): Promise<BanyanError> {
  const { firstSeq } = await log.state();
  return new BanyanError('log.truncated', {
    message: `The log begins at entry ${firstSeq}; what came before cannot be replayed.`,
  });
}

/** The partition's entries behind `after` to `until`, or to the last one there is now. */
async function* entriesOf(
  log: Log,
  partition: number,
  after: number,
  until: number | undefined,
): AsyncGenerator<LogEntry> {
  const end = await log.end(partition);
  const last = Math.min(end, until ?? end);
  if (last <= after) return;
  const reader = log.read(partition, after);
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
      messages += partition.apply(entry, () => true).messages;
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
  publishEvent: Departures['publishEvent'] = (_partition, _publication, done) => done();
  publishDeadLetter: Departures['publishDeadLetter'] = (_partition, { subject }, done) => {
    if (subject === this.#subject) this.deadLetters++;
    done();
  };
}
