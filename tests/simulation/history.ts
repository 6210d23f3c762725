/**
 * What happened, in order, as nobody in the world can see it: every change that the broker carried out, with
 * who asked for it; every entry, also those trimmed since; what clients were promised; what shards answered.
 */
import type { Claim, Guard } from '../../runtime/claim-log.ts';
import type { Head } from '../../runtime/checkpoint-log.ts';
import type { LogEntry, Publication, Verdict } from '../../runtime/log.ts';

/** A change of the broker's state, by the owner who asked for it. */
export type Change =
  | {
      readonly what: 'frame';
      readonly partition: number;
      readonly seq: number;
      readonly from: string | undefined;
      readonly guard: Guard | undefined;
    }
  | {
      readonly what: 'claim';
      readonly claims: readonly (Claim & { readonly seq: number })[];
      readonly fenced: readonly string[];
    }
  | {
      readonly what: 'head';
      readonly head: Head;
      readonly seq: number;
      readonly records: number;
      readonly bytes: number;
    }
  | { readonly what: 'trim'; readonly partition: number; readonly before: number }
  | { readonly what: 'publish'; readonly publications: readonly Publication[] }
  | { readonly what: 'verdict'; readonly verdict: Verdict }
  | { readonly what: 'lanes'; readonly of: string; readonly change: 'opened' | 'removed' }
  | { readonly what: 'refused'; readonly operation: string; readonly code: string };

export type Recorded = Change & { readonly owner: string; readonly atMs: number };

/** What a client wanted stored. `seq` is undefined until it was acknowledged. */
export interface Intended {
  readonly id: string;
  readonly client: string;
  readonly subject: string;
  readonly sentMs: number;
  seq: number | undefined;
}

/** What a shard answered while the world was on fire. */
export interface Answered {
  readonly owner: string;
  readonly address: string;
  readonly query: string;
  readonly epoch: number;
  /** The answer as text, whatever the order of its keys. */
  readonly said: string;
  readonly cursor: { readonly seq: number; readonly index: number };
  readonly askedMs: number;
}

export class History {
  readonly changes: Recorded[] = [];
  readonly intended: Intended[] = [];
  readonly answered: Answered[] = [];
  /** Every entry of every partition, in order; also what was trimmed. */
  readonly entries: LogEntry[][];
  /** Owners that died or were frozen, and when: for reading a failure. */
  readonly notes: string[] = [];
  readonly #digest: (text: string) => void;

  constructor(partitions: number, digest: (text: string) => void) {
    this.entries = Array.from({ length: partitions }, () => []);
    this.#digest = digest;
  }

  changed(owner: string, atMs: number, change: Change): void {
    this.changes.push({ ...change, owner, atMs });
  }

  /** Part of the run's fingerprint; kept for whoever reads a failure. */
  note(atMs: number, text: string): void {
    const line = `${atMs.toFixed(3)} ${text}`;
    this.#digest(line);
    this.notes.push(line);
  }
}
