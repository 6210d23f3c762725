/** A coordinator reduced to deduplication, for tests of the actors before it. */
import { assign, setup } from 'xstate';
import { coordinatorContract } from '../../actors/coordinator/contract.ts';
import type { Artifact, Outcome } from '../../actors/artifact.ts';
import { intakeContract } from '../../actors/intake/contract.ts';
import type { MessageOf } from '../../protocol/contract.ts';
import { defineActor } from '../../runtime/define-actor.ts';
import { tell } from '../../runtime/effects.ts';
import { defineTable } from '../../runtime/table.ts';

interface Context {
  readonly offers: number;
}
const known = defineTable<Artifact>('known');

/** Decides every offer at once: new content is accepted, another node's is corroborated, the rest duplicates. */
export const decidingCoordinator = defineActor({
  ...coordinatorContract,
  tables: { known },
  queries: { stats: ({ context }) => context, artifacts: () => [...known.range()].map(([, row]) => row) },
  machine: setup({
    types: {
      context: {} as Context,
      events: {} as MessageOf<typeof coordinatorContract.messages>,
      input: {} as { key: string },
    },
  }).createMachine({
    context: { offers: 0 },
    on: {
      'artifact.offered': {
        actions: [
          assign({ offers: ({ context }) => context.offers + 1 }),
          ({ event }) => {
            const decisions = event.items.map(({ index, artifact }) => {
              const before = known.get(artifact.id);
              let outcome: Outcome = 'accepted';
              if (before !== undefined)
                outcome = before.node === artifact.node ? 'duplicate' : 'corroborated';
              if (before === undefined) known.put(artifact.id, artifact);
              else if (before.node === artifact.node && artifact.confidence > before.confidence) {
                outcome = 'version';
                known.put(artifact.id, artifact);
              }
              return { index, id: artifact.id, outcome };
            });
            tell(intakeContract.at('main'), { type: 'offer.decided', batch: event.batch, decisions });
          },
        ],
      },
    },
  }),
});
