/** What a shard is made of: its four ports, what it serves, and whom it tells. */
import type { Address } from '../protocol/address.ts';
import type { Subjects } from '../protocol/subjects.ts';
import type { CheckpointSettings } from './checkpointer.ts';
import type { TaskContext } from './define-actor.ts';
import type { Clock } from './clock.ts';
import type { ContentStore } from './content-store.ts';
import type { Answer } from './keep-effects.ts';
import type { Log, ProposedVerdict } from './log.ts';
import type { Randomness } from './randomness.ts';
import type { Store } from './store.ts';
import type { System } from './system.ts';
import type { TurnObserver } from './turns.ts';

export interface ShardParts extends TurnObserver {
  readonly node: string;
  /** Names this incarnation of the shard; no other one, past or future, has the same. One token. */
  readonly owner: string;
  readonly system: System;
  readonly subjects: Subjects;
  /** All partitions of the namespace, and those that are ours from the start. */
  readonly partitions: { readonly count: number; readonly owned: readonly number[] };
  readonly log: Log;
  readonly store: Store;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly content: ContentStore;
  /** A folder of this machine's own that tasks may use. */
  readonly folder?: string;
  /** For tasks that talk to NATS themselves. */
  readonly broker?: TaskContext['broker'];
  readonly checkpoints?: CheckpointSettings;
  /** An operator accepts that entries are replayed with another version of the actors (rule R13). */
  readonly acceptTail: boolean;
  /** An operator accepts that the log lost entries which the state has applied (rule R9). */
  readonly acceptTruncation?: boolean;
  /** Messages that ended several incarnations of the shard (rule R8). */
  readonly proposed?: readonly ProposedVerdict[];
  /** Publishes an answer; at most once. */
  readonly answer: (answer: Answer) => void;
  /** An ask to an actor anywhere, for tasks. */
  readonly ask: (address: string, query: string, input?: object) => Promise<unknown>;
  /** Says what is turned now, and as whose turn, where a watchdog can see it. */
  readonly beacon: (partition: number, seq: number, index: number, epoch: number) => void;
  readonly idle: () => void;
  /** The shard is of no use any more: an environment fault, or a store that failed. */
  readonly onFault: (fault: unknown) => void;
  /** Another owner has claimed a partition; nothing of it runs here any more. */
  readonly onLost?: (partition: number) => void;
  /** An operator has killed an actor, and the order has committed; what a former owner did before is not told again. */
  readonly onKilled?: (address: Address) => void;
  readonly report: (level: 'info' | 'warn' | 'error', message: string, details: object) => void;
}
