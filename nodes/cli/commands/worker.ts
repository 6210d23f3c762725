/** `banyan worker …`: the processes that an application declares beside its actors. */
import type { Command } from 'commander';
import { z } from 'zod';
import type { Cli, Run } from '../cli.ts';
import { workerKillDocument, workerListDocument } from '../documents.ts';
import { addConnectionOptions } from '../options.ts';
import { formatTable } from '../table.ts';

export function addWorkerCommands(cli: Cli, program: Command): void {
  const worker = cli.noun(program, 'worker', 'the processes that an application declares');
  addConnectionOptions(cli.verb(worker, 'list', 'list workers with their process', list));
  addConnectionOptions(
    cli.verb(worker, 'kill <id>', 'end its process at once; its supervisor decides what follows', kill),
  ).option('--dry-run', 'say what would be done');
}

async function list(run: Run): Promise<void> {
  await run.withClient(async (client) => {
    const document = workerListDocument.parse(await client.sys('workers', {}, run.timeout));
    run.output.data(workerListDocument, document, () =>
      formatTable(
        ['WORKER', 'STATUS', 'PID', 'RESTARTS', 'UP', 'PATH'],
        document.workers.map(({ id, status, pid, restarts, uptimeMs, path }) => [
          id,
          status,
          pid,
          restarts,
          uptimeMs === null ? null : `${Math.floor(uptimeMs / 1000)}s`,
          path,
        ]),
      ),
    );
    if (document.workers.length === 0) run.output.message('The application declares no workers.');
  });
}

const killed = z.object({ pid: z.int() });

async function kill(run: Run): Promise<void> {
  const [id = ''] = run.words;
  if (run.flag('dryRun') && !(await run.mayProceed(`kill the worker ${id}`))) return;
  await run.withClient(async (client) => {
    const { pid } = killed.parse(await client.sys('worker', { op: 'kill', id }, run.timeout));
    run.output.data(workerKillDocument, { id, pid }, () => `${id}: killed, pid ${pid}`);
  });
}
