/** Partitions that have stopped and wait for an operator: why, and every way out. */
import { z } from 'zod';
import { wireErrorSchema } from '../../../protocol/wire.ts';
import type { BanyanClient } from '../../client/connect.ts';
import { counted } from '../counted.ts';
import { attempt, type Check, ok } from './check.ts';

export function partitionChecks(client: BanyanClient): Promise<Check[]> {
  return attempt('partitions', 'See the log of the node.', async () => {
    const { partitions } = placesSchema.parse(await client.sys('tree', { depth: 0 }));
    return describeStopped(partitions, client.connection.getServer());
  });
}

/** What of `sys.tree` is looked at here. */
const placesSchema = z.object({
  partitions: z.array(z.object({ id: z.int(), error: wireErrorSchema.optional() })),
});
type Place = z.infer<typeof placesSchema>['partitions'][number];
type Reason = NonNullable<Place['error']>;

/** One finding for each reason; `server` is the broker's address. */
export function describeStopped(partitions: readonly Place[], server: string): Check[] {
  const byCode = new Map<string, { readonly error: Reason; readonly ids: number[] }>();
  for (const { id, error } of partitions) {
    if (error === undefined) continue;
    const found = byCode.get(error.code);
    if (found === undefined) byCode.set(error.code, { error, ids: [id] });
    else found.ids.push(id);
  }
  if (byCode.size === 0)
    return [ok('partitions', `${counted(partitions.length, 'partition')}, none has stopped`)];
  return [...byCode].map(([code, { error, ids }]): Check => {
    const ways = WAYS[code]?.(error, server) ?? [];
    return {
      name: code,
      status: 'failed',
      detail: `${counted(ids.length, 'partition')} stopped and will not go on by itself (${listed(ids)}): ${error.message}`,
      ...(ways.length > 0 ? { ways } : { fix: error.hint ?? 'See the log of the node.' }),
      partitions: ids,
    };
  });
}

/** How a node is started once with a setting of its own. */
const once = (setting: string, server: string): string =>
  `start the node as before, once, with --set ${setting}=true (such as "banyan up --set ${setting}=true", or "banyan node start --nats ${server} --set ${setting}=true")`;

const WAYS: Readonly<Record<string, (error: Reason, server: string) => string[]>> = {
  'version.tail': ({ message }, server) => {
    const old = /by version (\w+)/.exec(message)?.[1];
    const release =
      old === undefined
        ? 'the release that ran before'
        : `the release whose "banyan spec --json" prints the turnVersion ${old}`;
    return [
      `Let the old release finish: stop this node and start ${release}, with its settings. When "banyan tree" shows 0 entries behind, stop it with Ctrl-C or SIGTERM, not with SIGKILL; it leaves nothing unfinished, and this release takes over.`,
      `Accept the tail: ${once('acceptTail', server)}. This release then turns those messages, from the last checkpoint on. What the old one had already sent because of them may be sent again, or otherwise.`,
    ];
  },
  'log.truncated': (_error, server) => [
    'Bring the log back: stop this node, restore the store of the broker from a backup that has the missing entries, and start again.',
    `Accept the loss: ${once('acceptTruncation', server)}. State that was computed from the lost entries stays as it is.`,
  ],
  'log.foreign': () => [
    'Go back to the log that this state was computed from: start with the --nats and the --namespace of before.',
    'Begin anew on this log: start with another --data directory, and another --namespace where the checkpoints on the broker are those of the other log. The old state stays where it is.',
  ],
  'turn.undecided': (_error, server) => [
    'Give the turn what it needs: start with a higher --set turnDeadlineMs=… or --set shardMemoryMb=….',
    `Remove the cause: correct the turn that never ends or needs too much memory, and accept that the corrected release turns what the old one left: ${once('acceptTail', server)}.`,
  ],
};

const LISTED = 8;

function listed(ids: readonly number[]): string {
  const shown = ids.slice(0, LISTED).join(', ');
  return ids.length > LISTED ? `${shown} and ${ids.length - LISTED} more` : shown;
}
