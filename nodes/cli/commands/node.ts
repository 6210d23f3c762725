/** `banyan node …`: the processes of a cluster. */
import type { Command } from 'commander';
import { BanyanError } from '../../../protocol/errors.ts';
import type { Cli, Run } from '../cli.ts';
import { nodeListDocument } from '../documents.ts';
import { EXIT } from '../exit-code.ts';
import { whenAborted } from '../interrupt.ts';
import { addConnectionOptions, addNodeOptions } from '../options.ts';
import { formatTable } from '../table.ts';
import { startSession } from '../up/node-session.ts';
import { fetchTree } from './tree.ts';
import { reportFailure, untilInterrupted } from './up.ts';

export function addNodeCommands(cli: Cli, program: Command): void {
  const node = cli.noun(program, 'node', 'the processes of a cluster');
  addNodeOptions(cli.verb(node, 'start', 'join the cluster on --nats, until Ctrl-C', start));
  addConnectionOptions(cli.verb(node, 'list', 'list nodes with what they own', list));
}

async function start(run: Run): Promise<number> {
  const { settings } = run;
  if (settings.nats.url === undefined) {
    throw new BanyanError('usage', {
      message: 'The node does not know its broker.',
      hint: 'Name it with --nats, or use "banyan up", which starts one.',
    });
  }
  return untilInterrupted(run, async (log, _line, signal) => {
    const session = await startSession({ settings, log, embedBroker: false });
    const { nats, http } = session.run;
    log.info({ node: session.node.id, nats, http, data: settings.data }, 'the node runs');
    try {
      const failure = await Promise.race([session.node.failed, whenAborted(signal)]);
      return failure === undefined ? EXIT.ok : reportFailure(run, failure);
    } finally {
      await session.stop();
    }
  });
}

async function list(run: Run): Promise<void> {
  await run.withClient(async (client) => {
    const { nodes, partitions } = await fetchTree(client, { depth: 0 }, run.timeout);
    const listed = nodes.map(({ id, status, labels, hardware }) => {
      const owned = partitions.filter(({ owner }) => owner === id);
      const lagEntries = owned.reduce((sum, partition) => sum + partition.lagEntries, 0);
      return { id, status, labels, hardware, partitions: owned.length, lagEntries };
    });
    run.output.data(nodeListDocument, { nodes: listed }, () =>
      formatTable(
        ['NODE', 'STATUS', 'PARTITIONS', 'BEHIND', 'CPUS', 'LABELS'],
        listed.map(({ id, status, partitions: owned, lagEntries, hardware, labels }) => [
          id,
          status,
          owned,
          lagEntries,
          hardware.cpus,
          Object.entries(labels)
            .map(([name, value]) => `${name}=${value}`)
            .join(' '),
        ]),
      ),
    );
  });
}
