/** The log port of one simulated process: the broker's log, at the other end of the network. */
import type { Head, StateRecord, StoredHead } from '../../runtime/checkpoint-log.ts';
import type { Guard, Lanes, NewClaim, StoredClaim } from '../../runtime/claim-log.ts';
import type { Log, LogReader, LogState, Publication, SentMarks, Verdict } from '../../runtime/log.ts';
import { toBanyanError } from '../../protocol/errors.ts';
import type { Broker } from './broker.ts';
import type { Change } from './history.ts';
import { openStream } from './stream.ts';
import type { Process } from './process.ts';

export class RemoteLog implements Log {
  readonly #broker: Broker;
  readonly #process: Process;

  constructor(broker: Broker, process: Process) {
    this.#broker = broker;
    this.#process = process;
  }

  state(): Promise<LogState> {
    return this.#look('state', () => this.#broker.log.state());
  }

  hashAt(seq: number): Promise<string | undefined> {
    return this.#look('hashAt', () => this.#broker.log.hashAt(seq));
  }

  end(partition: number): Promise<number> {
    return this.#look('end', () => this.#broker.log.end(partition));
  }

  verdicts(): Promise<readonly Verdict[]> {
    return this.#look('verdicts', () => this.#broker.log.verdicts());
  }

  sentMarks(sinceMs: number): Promise<SentMarks> {
    return this.#look('sentMarks', () => this.#broker.log.sentMarks(sinceMs));
  }

  claims(): Promise<ReadonlyMap<number, StoredClaim>> {
    return this.#look('claims', async () => new Map(await this.#broker.log.claims()));
  }

  lanes(owner: string): Promise<Lanes | undefined> {
    return this.#look('lanes', () => this.#broker.log.lanes(owner));
  }

  laneOwners(): Promise<readonly string[]> {
    return this.#look('laneOwners', () => this.#broker.log.laneOwners());
  }

  head(partition: number): Promise<StoredHead | undefined> {
    return this.#look('head', () => this.#broker.log.head(partition));
  }

  read(partition: number, after: number): LogReader {
    return openStream(this.#broker, this.#process, partition, after);
  }

  /** Read at one moment: what arrives is what the stream held then. */
  async *readState(partition: number, until: number, after?: number): AsyncGenerator<StateRecord> {
    const records = await this.#look('readState', async () => {
      const all: StateRecord[] = [];
      for await (const record of this.#broker.log.readState(partition, until, after)) all.push(record);
      return all;
    });
    yield* records;
  }

  appendFrame(
    partition: number,
    frame: Uint8Array,
    from: string | undefined,
    guard?: Guard,
  ): Promise<number> {
    const bytes = new Uint8Array(frame);
    return this.#change(
      { operation: 'appendFrame', needsRoom: true, repeatable: true },
      () => this.#broker.log.appendFrame(partition, bytes, from, guard),
      (seq) => ({ what: 'frame', partition, seq, from, guard }),
    );
  }

  publish(publications: readonly Publication[]): Promise<void> {
    const taken = publications.map((one) => ({ ...one, data: new Uint8Array(one.data) }));
    return this.#change(
      { operation: 'publish', needsRoom: true, repeatable: true },
      () => this.#broker.log.publish(taken),
      () => ({ what: 'publish', publications: taken }),
    );
  }

  appendVerdict(verdict: Verdict, guard?: Guard): Promise<void> {
    return this.#change(
      { operation: 'appendVerdict', needsRoom: true, repeatable: true },
      () => this.#broker.log.appendVerdict(verdict, guard),
      () => ({ what: 'verdict', verdict }),
    );
  }

  trim(partition: number, before: number): Promise<void> {
    return this.#change(
      { operation: 'trim', needsRoom: false, repeatable: true },
      () => this.#broker.log.trim(partition, before),
      () => ({ what: 'trim', partition, before }),
    );
  }

  claim(claims: readonly NewClaim[], fenced: readonly string[]): Promise<readonly number[]> {
    return this.#change(
      { operation: 'claim', needsRoom: true, repeatable: false },
      () => this.#broker.log.claim(claims, fenced),
      (seqs) => ({
        what: 'claim',
        claims: claims.map((claim, index) => ({ ...claim, seq: seqs[index] as number })),
        fenced: [...fenced],
      }),
    );
  }

  openLanes(owner: string): Promise<Lanes> {
    return this.#change(
      { operation: 'openLanes', needsRoom: true, repeatable: false },
      () => this.#broker.log.openLanes(owner),
      () => ({ what: 'lanes', of: owner, change: 'opened' }),
    );
  }

  removeLanes(owner: string): Promise<void> {
    return this.#change(
      { operation: 'removeLanes', needsRoom: false, repeatable: true },
      () => this.#broker.log.removeLanes(owner),
      () => ({ what: 'lanes', of: owner, change: 'removed' }),
    );
  }

  writeState(head: Head, after: number, records: readonly StateRecord[]): Promise<number> {
    const taken = records.map((record) => ({ ...record, data: new Uint8Array(record.data) }));
    const bytes = taken.reduce((sum, { data }) => sum + data.byteLength, 0);
    return this.#change(
      { operation: 'writeState', needsRoom: false, repeatable: false },
      () => this.#broker.log.writeState(head, after, taken),
      (seq) => ({ what: 'head', head, seq, records: taken.length, bytes }),
    );
  }

  #look<T>(operation: string, carryOut: () => Promise<T>): Promise<T> {
    return this.#broker.network.request({
      process: this.#process,
      operation,
      needsRoom: false,
      repeatable: true,
      carryOut,
    });
  }

  #change<T>(
    call: { operation: string; needsRoom: boolean; repeatable: boolean },
    carryOut: () => Promise<T>,
    changeOf: (result: T) => Change,
  ): Promise<T> {
    const { name } = this.#process;
    return this.#broker.network.request({
      process: this.#process,
      ...call,
      carryOut: async () => {
        try {
          const result = await carryOut();
          this.#broker.changed(name, changeOf(result));
          return result;
        } catch (error) {
          this.#broker.changed(name, {
            what: 'refused',
            operation: call.operation,
            code: toBanyanError(error).code,
          });
          throw error;
        }
      },
    });
  }
}
