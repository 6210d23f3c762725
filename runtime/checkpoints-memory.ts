/** Checkpoints in memory; see `checkpoint-log.ts`. */
import { BanyanError } from '../protocol/errors.ts';
import type { Subjects } from '../protocol/subjects.ts';
import type { CheckpointLog, Head, StateRecord, StoredHead } from './checkpoint-log.ts';
import type { Clock } from './clock.ts';
import { checkRecords, decodeHead, encodeHead } from './head-record.ts';
import { SequenceList } from './sequence-list.ts';

type StoredRecord = StateRecord & { readonly seq: number };

interface State {
  head: StoredHead;
  readonly slots: Map<number, StoredRecord>;
  readonly records: SequenceList<StoredRecord>;
}

export class MemoryCheckpoints implements CheckpointLog {
  readonly #subjects: Subjects;
  readonly #clock: Clock;
  readonly #states = new Map<number, State>();
  #lastSeq = 0;

  constructor(subjects: Subjects, clock: Clock) {
    this.#subjects = subjects;
    this.#clock = clock;
  }

  async head(partition: number): Promise<StoredHead | undefined> {
    return this.#states.get(partition)?.head;
  }

  async writeState(head: Head, after: number, records: readonly StateRecord[]): Promise<number> {
    const { partition } = head;
    checkRecords(records);
    // A slot that cannot be named cannot be stored.
    for (const { slot } of records) this.#subjects.stateSlot(partition, slot);
    const before = this.#states.get(partition);
    const last = before?.head.seq ?? 0;
    if (last !== after)
      throw new BanyanError('log.conflict', {
        message: `The head of partition ${partition} is ${last}, not ${after}.`,
      });
    const slots: State['slots'] = before?.slots ?? new Map();
    const stored: State['records'] = before?.records ?? new SequenceList();
    for (const { slot, data } of records) {
      const old = slots.get(slot);
      if (old !== undefined) stored.remove(old.seq);
      const record = { seq: ++this.#lastSeq, slot, data: Uint8Array.from(data) };
      slots.set(slot, record);
      stored.push(record);
    }
    const seq = ++this.#lastSeq;
    // Through bytes, so that nothing survives here that would not survive in a stream.
    const kept = { ...decodeHead(encodeHead(head), partition), seq, timeMs: this.#clock.now() };
    this.#states.set(partition, { head: kept, slots, records: stored });
    return seq;
  }

  async *readState(partition: number, until: number, after = 0): AsyncGenerator<StateRecord> {
    const state = this.#states.get(partition);
    if (state === undefined || state.head.seq < until)
      throw new BanyanError('log.unavailable', { message: `Partition ${partition} has no head ${until}.` });
    const { records } = state;
    for (let next = records.after(after); next !== undefined; next = records.after(next.seq))
      yield { slot: next.slot, data: next.data };
  }
}
