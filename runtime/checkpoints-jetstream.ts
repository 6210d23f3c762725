/** Checkpoints on NATS JetStream; see `checkpoint-log.ts`. */
import { BanyanError } from '../protocol/errors.ts';
import type { Subjects } from '../protocol/subjects.ts';
import type { AtomicBatches, BatchMessage } from './batch-jetstream.ts';
import type { CheckpointLog, Head, StateRecord, StoredHead } from './checkpoint-log.ts';
import { checkRecords, decodeHead, encodeHead } from './head-record.ts';
import { available, mayConflict } from './jetstream-errors.ts';
import type { StreamReader } from './stream-jetstream.ts';

export class JetStreamCheckpoints implements CheckpointLog {
  readonly #subjects: Subjects;
  readonly #reader: StreamReader;
  readonly #batches: AtomicBatches;
  readonly #stream: string;

  constructor(subjects: Subjects, reader: StreamReader, batches: AtomicBatches) {
    this.#subjects = subjects;
    this.#reader = reader;
    this.#batches = batches;
    this.#stream = subjects.streams.state;
  }

  async head(partition: number): Promise<StoredHead | undefined> {
    const stored = await this.#reader.stored(this.#stream, {
      last_by_subj: this.#subjects.stateHead(partition),
    });
    if (stored === undefined) return undefined;
    return { ...decodeHead(stored.data, partition), seq: stored.seq, timeMs: stored.time.getTime() };
  }

  async writeState(head: Head, after: number, records: readonly StateRecord[]): Promise<number> {
    checkRecords(records);
    const subject = this.#subjects.stateHead(head.partition);
    const messages: BatchMessage[] = records.map(({ slot, data }) => ({
      subject: this.#subjects.stateSlot(head.partition, slot),
      data,
    }));
    messages.push({
      subject,
      data: encodeHead(head),
      headers: { 'Nats-Expected-Last-Subject-Sequence': String(after) },
    });
    const seqs = await available(async () => {
      try {
        return await this.#batches.store(messages);
      } catch (error) {
        // On a replicated stream another head that is still under way is refused the same way; it may be lost.
        if (mayConflict(error)) {
          const last = await this.#reader.lastSeq(this.#stream, subject);
          if (last !== after)
            throw new BanyanError('log.conflict', {
              message: `The head of partition ${head.partition} is ${last}, not ${after}.`,
              cause: error,
            });
        }
        throw error;
      }
    });
    return seqs.at(-1) as number;
  }

  async *readState(partition: number, until: number, after = 0): AsyncGenerator<StateRecord> {
    const head = this.#subjects.stateHead(partition);
    const last = await this.#reader.lastSeq(this.#stream, head);
    if (last < until)
      throw new BanyanError('log.unavailable', { message: `Partition ${partition} has no head ${until}.` });
    const filter = this.#subjects.stateOf(partition);
    const prefixChars = filter.length - '*'.length;
    for await (const { subject, seq, data } of this.#reader.walk(this.#stream, filter, { after })) {
      if (subject !== head) yield { slot: Number(subject.slice(prefixChars)), data };
      // There is only one head: when it was replaced meanwhile, the newer one comes.
      else if (seq >= until) return;
    }
  }
}
