/** The pipeline's agent for this machine: it hears that the machine may collect, and that it may not any more. */
import { nodeContract } from '../actors/node/contract.ts';
import { escapeKey } from '../protocol/address.ts';
import type { MessageOf } from '../protocol/contract.ts';
import { systemRandomness } from '../runtime/randomness.ts';

type AgentMessage = MessageOf<typeof nodeContract.messages>;

export interface MachineAgent {
  /** Who the machine is and how many collections it takes at a time. */
  readonly node: string;
  readonly capacity: number;
  /** The types of target that it has collectors for. */
  readonly capabilities: readonly string[];
  readonly tell: (address: string, message: AgentMessage) => Promise<unknown>;
}

/** How long a machine that stops waits for the log to take its farewell. */
const FAREWELL_MS = 1_000;

/** Announces the machine; the result takes the announcement back. */
export async function registerMachine({
  node,
  capacity,
  capabilities,
  tell,
}: MachineAgent): Promise<() => Promise<void>> {
  const agent = nodeContract.at(escapeKey(node));
  await tell(agent, {
    type: 'node.started',
    session: systemRandomness.nonce(),
    capabilities: [...capabilities],
    capacity,
    name: node,
  });
  return async () => {
    // The next start says all there is to say, so nothing depends on this.
    const farewell = tell(agent, { type: 'node.stopping' }).catch(() => undefined);
    const enough = Promise.withResolvers<void>();
    const late = setTimeout(enough.resolve, FAREWELL_MS).unref();
    await Promise.race([farewell, enough.promise]);
    clearTimeout(late);
  };
}
