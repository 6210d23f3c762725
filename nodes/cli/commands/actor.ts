/** `banyan actor …`: looking at actors, and orders to them. */
import type { Command } from 'commander';
import { z } from 'zod';
import type { Cli, Run } from '../cli.ts';
import { formatState } from '../actor-state.ts';
import { actorEntrySchema, actorListDocument, actorShowDocument, orderDocument } from '../documents.ts';
import { addConnectionOptions } from '../options.ts';
import { prettyJson } from '../output.ts';
import { formatTable, textOf, visible } from '../table.ts';
import { addressOf, addMessageCommands } from './message.ts';
import { addReplayCommand, showEarlier } from './replay.ts';

const ORDERS = {
  pause: 'set its messages aside until it is resumed',
  resume: 'take the messages that were set aside, in order, and go on',
  restart: 'drop what is in memory and reload the last committed state',
  kill: 'drop what is in memory and tell whoever watches it; its supervisor acts, and it goes on with its next message',
  delete: 'forget its state; the next message finds it new',
} as const;

const PAGE = 500;

export function addActorCommands(cli: Cli, program: Command): void {
  const actor = cli.noun(program, 'actor', 'look at actors and give them orders');
  addConnectionOptions(cli.verb(actor, 'list', 'list the actors that have had a message', list))
    .option('--kind <kind>', 'only actors of this kind')
    .option('--after <address>', 'continue after this one')
    .option('--limit <n>', 'at most this many');
  addConnectionOptions(cli.verb(actor, 'show <address>', 'show state, context, timers and tasks', show))
    .option('--at <seq>', 'show the state after this entry of the log instead, by replaying it')
    .option('--app <file>', 'the application that the actor belongs to');
  addMessageCommands(cli, actor);
  for (const [order, description] of Object.entries(ORDERS)) {
    const command = cli.verb(actor, `${order} <address>`, description, (run) =>
      give(run, order as keyof typeof ORDERS),
    );
    addConnectionOptions(command)
      .option('--reason <text>', 'why, for whoever looks at it later')
      .option('--dry-run', 'say what would be done');
    if (order === 'delete') command.option('--yes', 'do not ask');
  }
  addReplayCommand(cli, actor);
}

const page = z.object({ actors: z.array(actorEntrySchema) });

async function list(run: Run): Promise<void> {
  const limit = run.number('limit', { min: 1 }) ?? Number.POSITIVE_INFINITY;
  const kind = run.text('kind');
  await run.withClient(async (client) => {
    const actors: z.infer<typeof actorEntrySchema>[] = [];
    let after = run.text('after');
    for (;;) {
      const wanted = Math.min(PAGE, limit - actors.length);
      const found = page.parse(
        await client.sys('actors', { kind, after, limit: wanted }, run.timeout),
      ).actors;
      actors.push(...found);
      after = found.at(-1)?.address;
      if (found.length < wanted || actors.length >= limit) break;
    }
    run.output.data(actorListDocument, { actors }, () =>
      formatTable(
        ['ACTOR', 'STATUS', 'STATE', 'WAITING', 'RESTARTS', 'PARTITION', 'ENTRY'],
        actors.map((actor) => [
          actor.address,
          actor.status,
          formatState(actor.state),
          actor.buffered,
          actor.restarts,
          actor.partition,
          actor.cursor.seq,
        ]),
      ),
    );
    const which = kind === undefined ? 'No actor' : `No actor of the kind ${kind}`;
    if (actors.length === 0) run.output.message(`${which} has had a message yet.`);
  });
}

async function show(run: Run): Promise<void> {
  const address = addressOf(run.words[0] ?? '');
  const at = run.number('at', { min: 1 });
  if (at !== undefined) return showEarlier(run, address, at);
  await run.withClient(async (client) => {
    const status = actorShowDocument.parse(await client.sys('actor', { address }, run.timeout));
    run.output.data(actorShowDocument, status, () => {
      const { context, ...rest } = status;
      const lines = Object.entries(rest)
        .filter(([, value]) => value !== undefined && value !== null)
        .map(([name, value]) => `${name.padEnd(12)} ${visible(textOf(value))}`);
      return [...lines, 'context', prettyJson(context)].join('\n');
    });
  });
}

const ordered = z.object({ seq: z.int().optional() });

async function give(run: Run, order: keyof typeof ORDERS): Promise<void> {
  const address = addressOf(run.words[0] ?? '');
  const asks = order === 'delete' || run.flag('dryRun');
  if (asks && !(await run.mayProceed(`${order} ${address}`))) return;
  await run.withClient(async (client) => {
    const { seq } = ordered.parse(
      await client.sys('order', { address, order, reason: run.text('reason') }, run.timeout),
    );
    const document = { address, order, ...(seq === undefined ? {} : { seq }) };
    run.output.data(
      orderDocument,
      document,
      () => `${address}: ${order}${seq === undefined ? '' : `, entry ${seq}`}`,
    );
  });
}
