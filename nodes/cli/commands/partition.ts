/** `banyan partition …`: where the partitions of the log are turned, and how far each has come. */
import type { Command } from 'commander';
import { z } from 'zod';
import { BanyanError } from '../../../protocol/errors.ts';
import type { Cli, Run } from '../cli.ts';
import { partitionListDocument, partitionMoveDocument } from '../documents.ts';
import { addConnectionOptions } from '../options.ts';
import { formatTable } from '../table.ts';

/** A shard may be in a long turn, and the state of a partition has to be loaded. */
const MOVE_TIMEOUT_MS = 60_000;

export function addPartitionCommands(cli: Cli, program: Command): void {
  const partition = cli.noun(program, 'partition', 'where the partitions of the log are, and how far');
  addConnectionOptions(cli.verb(partition, 'list', 'list partitions with their shard and cursor', list));
  addConnectionOptions(cli.verb(partition, 'move <partition>', 'let another shard own a partition', move))
    .requiredOption('--to <shard>', 'the shard, such as shard-1')
    .option('--force', 'without asking its owner, which may be stuck; the broker refuses what it still sends')
    .option('--dry-run', 'say what would be done');
}

async function list(run: Run): Promise<void> {
  await run.withClient(async (client) => {
    const document = partitionListDocument.parse(await client.sys('partitions', {}, run.timeout));
    run.output.data(partitionListDocument, document, () =>
      formatTable(
        ['PARTITION', 'SHARD', 'STATUS', 'EPOCH', 'ENTRY', 'BEHIND', 'REASON'],
        document.partitions.map(({ id, shard, status, epoch, cursor, lagEntries, error }) => [
          id,
          shard,
          status,
          epoch,
          cursor?.seq ?? null,
          lagEntries,
          error?.code ?? null,
        ]),
      ),
    );
  });
}

const moved = z.object({ partition: z.int(), shard: z.int(), epoch: z.int() });

async function move(run: Run): Promise<void> {
  const partition = numberIn(run.words[0] ?? '', /^(\d+)$/, 'a partition is a number, such as 7');
  const shard = numberIn(run.text('to') ?? '', /^(?:shard-)?(\d+)$/, 'a shard is called shard-0, shard-1, …');
  const force = run.flag('force');
  const what = `${force ? 'force' : 'move'} partition ${partition} to shard-${shard}`;
  if (run.flag('dryRun') && !(await run.mayProceed(what))) return;
  await run.withClient(async (client) => {
    const { epoch } = moved.parse(
      await client.sys('move', { partition, shard, force }, { timeoutMs: MOVE_TIMEOUT_MS, ...run.timeout }),
    );
    const document = { partition, shard: `shard-${shard}`, epoch };
    run.output.data(
      partitionMoveDocument,
      document,
      () => `partition ${partition}: shard-${shard}, epoch ${epoch}`,
    );
  });
}

function numberIn(text: string, form: RegExp, expected: string): number {
  const [, digits] = form.exec(text) ?? [];
  const number = Number(digits ?? Number.NaN);
  if (Number.isSafeInteger(number)) return number;
  throw new BanyanError('usage', { message: `${JSON.stringify(text)} is not what is needed: ${expected}.` });
}
