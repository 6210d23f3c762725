/**
 * Effects on their way (rule R10). A window commits with the effects that it made; they leave afterwards,
 * and their row goes when all are acknowledged. After a crash the rows that are left are sent again, with
 * the same numbers: receivers drop what they had.
 */
import { LIMITS } from '../config/limits.ts';
import type { Address } from '../protocol/address.ts';
import { partitionOf } from '../protocol/partition-of.ts';
import { decode, encode } from '../protocol/codec.ts';
import { BanyanError } from '../protocol/errors.ts';
import { compareNumbers, type EffectNumber, encodeRecord, type FrameRecord } from '../protocol/frame.ts';
import { buckets, positionName } from './keys.ts';
import type { Publication, SentMarks } from './log.ts';
import type { Overlay } from './overlay.ts';
import type { Sender } from './sender.ts';

/** What an outbox row holds of one effect. */
type Stored =
  | readonly [lane: 'frame', to: number, number: EffectNumber, record: Uint8Array]
  | readonly [lane: 'event' | 'dead', subject: string, id: string, data: Uint8Array];

/** Where an outbox hands its effects over; a replay has one that sends nothing. */
export type Departures = Pick<Sender, 'send' | 'publishEvent' | 'publishDeadLetter'>;

/** Effects of one turn, encoded and ready: building them may throw, adding them may not. */
export type Prepared = { readonly number: EffectNumber; readonly bytes: number; readonly stored: Stored };

const PUBLICATION_BYTES = LIMITS.brokerPayloadBytes - LIMITS.headerBytes;

export class Outbox {
  readonly #overlay: Overlay;
  readonly #sender: Departures;
  readonly #partition: number;
  readonly #partitions: number;
  readonly #sent: SentMarks | undefined;
  readonly #onSettled: () => void;
  #window: Stored[] = [];
  #settled: string[] = [];

  /** `sent` is given after a load: what the streams already hold is not published again. */
  constructor(
    overlay: Overlay,
    sender: Departures,
    partition: number,
    partitions: number,
    sent: SentMarks | undefined,
    onSettled: () => void,
  ) {
    this.#overlay = overlay;
    this.#sender = sender;
    this.#partition = partition;
    this.#partitions = partitions;
    this.#sent = sent;
    this.#onSettled = onSettled;
  }

  /** Throws `address.invalid` and the `message.*` codes for what no receiver would take. */
  prepareTell(
    number: EffectNumber,
    record: Omit<FrameRecord, 'from' | 'kind'>,
    kind: FrameRecord['kind'] = 'tell',
  ): Prepared {
    const to = partitionOfAddress(record.to, this.#partitions);
    const bytes = encodeRecord({ ...record, kind, from: { partition: this.#partition, number } });
    return { number, bytes: bytes.byteLength, stored: ['frame', to, number, bytes] };
  }

  preparePublication(lane: 'event' | 'dead', number: EffectNumber, subject: string, body: object): Prepared {
    const data = encode(body);
    // The broker would refuse it for ever, and everything behind it would wait.
    if (data.byteLength > PUBLICATION_BYTES) {
      throw new BanyanError('turn.limit', {
        message: `A publication of ${data.byteLength} bytes on ${subject} (at most ${PUBLICATION_BYTES}).`,
      });
    }
    const id = `${this.#partition}.${number.join('.')}`;
    return { number, bytes: data.byteLength, stored: [lane, subject, id, data] };
  }

  add({ number, stored }: Prepared): void {
    if (!this.#wasSent(number, stored)) this.#window.push(stored);
  }

  /** Writes the window's effects into the row that is named after its last message. Call within the window. */
  save(lastEntry: number, index: number): void {
    this.tidy();
    if (this.#window.length > 0)
      this.#overlay.put(
        buckets.outbox(this.#partition),
        positionName(lastEntry, index),
        encode(this.#window),
      );
  }

  /** Deletes the rows whose effects were all acknowledged. */
  tidy(): void {
    for (const name of this.#settled.splice(0)) this.#overlay.delete(buckets.outbox(this.#partition), name);
  }

  /** Sends what {@link save} wrote. Call after the window has committed. */
  release(lastEntry: number, index: number): void {
    const effects = this.#window;
    this.#window = [];
    this.#send(effects, positionName(lastEntry, index));
  }

  /** After a restart: sends every row that is left, oldest first. */
  resume(): void {
    for (const [name, bytes] of this.#overlay.range(buckets.outbox(this.#partition), {})) {
      this.#send(decode(bytes) as Stored[], name);
    }
  }

  #send(effects: readonly Stored[], row: string): void {
    let left = effects.length;
    const done = (): void => {
      if (--left > 0) return;
      this.#settled.push(row);
      this.#onSettled();
    };
    for (const effect of effects) {
      if (effect[0] === 'frame') {
        const [, to, number, record] = effect;
        const outgoing = { record, partition: this.#partition, from: { partition: this.#partition, number } };
        this.#sender.send(to, outgoing, done);
      } else {
        const [lane, subject, id, data] = effect;
        const publication: Publication = { subject, id, data };
        if (lane === 'event') this.#sender.publishEvent(this.#partition, publication, done);
        else this.#sender.publishDeadLetter(this.#partition, publication, done);
      }
    }
  }

  #wasSent(number: EffectNumber, stored: Stored): boolean {
    if (this.#sent === undefined) return false;
    // Frames need no look: their receivers drop what they had.
    if (stored[0] === 'frame') return false;
    const mark =
      stored[0] === 'event' ? this.#sent.events(this.#partition) : this.#sent.deadLetters(this.#partition);
    return mark !== undefined && compareNumbers(number, mark) <= 0;
  }
}

/** The partition of an address; addresses are validated where they are made. */
export function partitionOfAddress(address: Address, partitions: number): number {
  const slash = address.indexOf('/');
  return partitionOf(address.slice(0, slash), address.slice(slash + 1), partitions);
}
