/** The broker of a world: one log in memory, everything that was ever in it, and the way to it. */
import { MemoryLog } from '../../runtime/log-memory.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Subjects } from '../../protocol/subjects.ts';
import type { Change, History, Intended } from './history.ts';
import type { Network } from './network.ts';
import type { Process } from './process.ts';
import type { Scheduler } from './scheduler.ts';

export interface BrokerParts {
  readonly subjects: Subjects;
  readonly partitions: number;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly history: History;
  /** Whether a stream brings the next entry twice. */
  readonly repeats: () => boolean;
}

export class Broker {
  readonly log: MemoryLog;
  readonly network: Network;
  readonly scheduler: Scheduler;
  readonly repeats: () => boolean;
  readonly #history: History;
  /** What the mailbox holds: entries that were not trimmed. */
  #heldBytes = 0;
  /** The first entry that is left, by partition, as its place in the history. */
  readonly #trimmed: number[];

  constructor({ subjects, partitions, scheduler, network, history, repeats }: BrokerParts) {
    const clock: Clock = {
      now: () => Math.floor(scheduler.nowMs),
      setTimer: (delayMs, callback) => scheduler.after(delayMs, callback),
      soon: (callback) => void scheduler.after(0, callback),
    };
    this.log = new MemoryLog(subjects, partitions, clock);
    this.network = network;
    this.scheduler = scheduler;
    this.repeats = repeats;
    this.#history = history;
    this.#trimmed = Array.from({ length: partitions }, () => 0);
    for (let partition = 0; partition < partitions; partition++) void this.#keep(partition);
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  changed(owner: string, change: Change): void {
    if (change.what === 'trim') this.#trim(change.partition, change.before);
    this.#history.changed(owner, this.scheduler.nowMs, change);
    this.#history.note(this.scheduler.nowMs, `${owner} ${describe(change)}`);
  }

  /** Another system publishes; resolves with the sequence when it was acknowledged. */
  publish(
    process: Process,
    intended: Intended,
    data: Uint8Array,
    headers: Readonly<Record<string, string>>,
  ): Promise<number> {
    return this.network.request({
      process,
      operation: 'publishMessage',
      needsRoom: true,
      repeatable: true,
      carryOut: async () => {
        const seq = await this.log.publishMessage(intended.subject, data, headers);
        this.#history.note(this.scheduler.nowMs, `${process.name} published ${intended.id} as ${seq}`);
        return seq;
      },
    });
  }

  /** Keeps every entry for those who check the run. */
  async #keep(partition: number): Promise<void> {
    const kept = this.#history.entries[partition] ?? [];
    for await (const entry of this.log.read(partition, 0).entries) {
      kept.push(entry);
      this.#heldBytes += entry.data.byteLength;
    }
  }

  #trim(partition: number, before: number): void {
    const kept = this.#history.entries[partition] ?? [];
    let at = this.#trimmed[partition] ?? 0;
    for (; (kept[at]?.seq ?? before) < before; at++) this.#heldBytes -= kept[at]?.data.byteLength ?? 0;
    this.#trimmed[partition] = at;
  }
}

function describe(change: Change): string {
  switch (change.what) {
    case 'frame':
      return `frame ${change.seq} for ${change.partition} from ${change.from ?? '-'}`;
    case 'claim':
      return `claims ${change.claims.map(({ partition, epoch, owner, seq }) => `${partition}@${epoch}=${owner ?? 'nobody'} (${seq})`).join(', ')}${change.fenced.length === 0 ? '' : `, fences ${change.fenced.join(', ')}`}`;
    case 'head':
      return `head ${change.seq} of ${change.head.partition}: epoch ${change.head.epoch} step ${change.head.step} cursor ${change.head.cursor?.seq ?? '-'}${change.head.released ? ' released' : ''}, ${change.records} records`;
    case 'trim':
      return `trims ${change.partition} before ${change.before}`;
    case 'publish':
      return `publishes ${change.publications.map(({ id }) => id).join(' ')}`;
    case 'verdict':
      return `verdict on ${change.verdict.entry}.${change.verdict.index} of ${change.verdict.partition}: ${change.verdict.code}`;
    case 'lanes':
      return `${change.change} lanes of ${change.of}`;
    case 'refused':
      return `${change.operation} refused: ${change.code}`;
  }
}
