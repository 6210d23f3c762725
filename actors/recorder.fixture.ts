/** An actor that takes every message of a contract and keeps it: the other side of the actor under test. */
import { createMachine } from 'xstate';
import type { Contract, MessageSchemas } from '../protocol/contract.ts';
import { type ActorDefinition, defineActor } from '../runtime/define-actor.ts';

export interface Recorder {
  readonly actor: ActorDefinition;
  /** Messages of one type, in the order of arrival. */
  received(type: string): Record<string, unknown>[];
}

export function recorder<M extends MessageSchemas>(contract: Contract<string, M>): Recorder {
  const messages: Record<string, unknown>[] = [];
  const machine = createMachine({
    on: {
      '*': { actions: ({ event }: { event: Record<string, unknown> }) => void messages.push({ ...event }) },
    },
  });
  return {
    actor: defineActor({
      kind: contract.kind,
      messages: contract.messages,
      events: contract.events,
      machine,
    }),
    received: (type) => messages.filter((message) => message['type'] === type),
  };
}
