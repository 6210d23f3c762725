/** What passes between the main thread and a shard's thread. */
import type { PipelineSettings } from '../../actors/settings.ts';
import type { WireError } from '../../protocol/errors.ts';
import type { ActorEntry } from '../../runtime/actor-list.ts';
import type { CheckpointSettings } from '../../runtime/checkpointer.ts';
import type { ProposedVerdict } from '../../runtime/log.ts';
import type { PartitionStatus } from '../../runtime/shard.ts';
import type { SupervisionEvent } from '../../supervisors/perform.ts';
import type { TreeNode } from '../../supervisors/tree.ts';
import type { BrokerAddress } from '../connect.ts';

/** Everything a shard's thread is started with. */
export interface ShardStart {
  readonly namespace: string;
  readonly node: string;
  readonly index: number;
  readonly partitions: { readonly count: number; readonly owned: readonly number[] };
  readonly broker: BrokerAddress;
  /** The shard's own folder below the data directory. */
  readonly folder: string;
  readonly app: string | undefined;
  readonly pipeline: PipelineSettings;
  readonly determinismSample: number;
  readonly acceptTail: boolean;
  readonly acceptTruncation: boolean;
  readonly checkpoints: CheckpointSettings;
  /** Messages that ended the incarnations before. */
  readonly proposed: readonly ProposedVerdict[];
  readonly beacon: SharedArrayBuffer;
}

/** What a shard can be asked by the main thread. */
export interface ShardCalls {
  status(): ShardStatus;
  actors(filter: { kind?: string | undefined; after?: string | undefined; limit: number }): ActorEntry[];
  /** Its supervisors as they run. */
  supervisors(): TreeNode | undefined;
  actor(address: string): unknown;
  stateHash(address: string): { hash: string; cursor: { seq: number; index: number }; partition: number };
  restart(address: string): void;
  result(address: string, id: string): [unknown] | undefined;
  /** Claims partitions, whoever has them; resolves with what became of those that are its own now. */
  take(partitions: readonly number[]): Promise<readonly PartitionStatus[]>;
  /** Gives a partition up for another owner. */
  release(partition: number, graceMs: number): Promise<void>;
  /** Trims what is processed. */
  press(): void;
}

export interface ShardStatus {
  readonly partitions: readonly PartitionStatus[];
  readonly work: { queued: number; unacknowledged: number; tasks: number; timers: number; resident: number };
  readonly counters: { turns: number; duplicates: number; deadLetters: number; parked: number };
  readonly heapBytes: number;
}

export type ToShard =
  | {
      readonly type: 'call';
      readonly id: number;
      readonly method: keyof ShardCalls;
      readonly args: readonly unknown[];
    }
  | { readonly type: 'stop'; readonly graceMs: number };

export type FromShard =
  | { readonly type: 'ready' }
  | { readonly type: 'reply'; readonly id: number; readonly value?: unknown; readonly error?: WireError }
  | {
      readonly type: 'report';
      readonly level: 'info' | 'warn' | 'error';
      readonly message: string;
      readonly details: object;
    }
  /** What one of its supervisors did. */
  | { readonly type: 'supervision'; readonly event: SupervisionEvent }
  /** Another owner has claimed it. */
  | { readonly type: 'lost'; readonly partition: number }
  | { readonly type: 'fault'; readonly fault: ShardFault };

/** Why a shard ended itself. With a position, a message is to blame. */
export interface ShardFault {
  readonly code: string;
  readonly message: string;
  readonly partition?: number;
  readonly entry?: number;
  readonly index?: number;
  readonly epoch?: number;
}
