/** `banyan tree`: the live supervisor tree of the cluster. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { type TreeReply, treeReplySchema } from '../../../protocol/wire.ts';
import type { BanyanClient } from '../../client/connect.ts';
import type { Cli, Run } from '../cli.ts';
import { treeDocument } from '../documents.ts';
import { parseDuration } from '../duration.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { addConnectionOptions } from '../options.ts';
import { formatTree } from '../tree-text.ts';

export function addTreeCommand(cli: Cli, program: Command): void {
  addConnectionOptions(cli.verb(program, 'tree [path]', 'show the live supervisor tree', show))
    .option('--depth <n>', 'levels below the selected node')
    .option('--kind <kind>', 'only actors of this kind')
    .option('--limit <n>', 'children shown of each node')
    .option('--after <id>', 'continue after the child of this id')
    .option('--watch', 'show it again and again, until Ctrl-C')
    .option('--interval <duration>', 'time between two looks with --watch', '1s');
}

/** Asks for the tree; the reply is the node's, so it is checked. */
export async function fetchTree(
  client: BanyanClient,
  query: object,
  timeout: { timeoutMs?: number },
): Promise<TreeReply> {
  return treeReplySchema.parse(await client.sys('tree', query, timeout));
}

async function show(run: Run): Promise<void> {
  const [path] = run.words;
  const query = {
    path,
    depth: run.number('depth'),
    limit: run.number('limit', { min: 1 }),
    kind: run.text('kind'),
    after: run.text('after'),
  };
  await run.withClient(async (client) => {
    if (run.flag('watch')) return watch(run, client, query);
    const tree = await fetchTree(client, query, run.timeout);
    run.output.data(treeDocument, tree, () =>
      formatTree(tree, (style, text) => run.output.style(style, text)),
    );
  });
}

const CLEAR = '\u001B[2J\u001B[H';

async function watch(run: Run, client: BanyanClient, query: object): Promise<void> {
  const intervalMs = parseDuration(run.text('interval') ?? '1s');
  const interrupt = listenForInterrupt();
  try {
    while (!interrupt.signal.aborted) {
      const tree = await fetchTree(client, query, run.timeout);
      const clear = run.output.terminal ? CLEAR : '';
      run.output.element(
        treeDocument,
        tree,
        () => clear + formatTree(tree, (style, text) => run.output.style(style, text)),
      );
      await delay(intervalMs, undefined, { signal: interrupt.signal }).catch(() => {});
    }
  } finally {
    interrupt.dispose();
  }
}
