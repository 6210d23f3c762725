/** `banyan dead …`: messages that no turn could process. */
import type { Command } from 'commander';
import { BanyanError } from '../../../protocol/errors.ts';
import { isKind, parseAddress } from '../../../protocol/address.ts';
import type { DeadLetter } from '../../../protocol/wire.ts';
import type { BanyanClient } from '../../client/connect.ts';
import type { Cli, Run } from '../cli.ts';
import { deadListDocument, deadSettledDocument, deadShowDocument } from '../documents.ts';
import { readDeadLetters } from '../dead-letters.ts';
import { addConnectionOptions } from '../options.ts';
import { prettyJson } from '../output.ts';
import { counted } from '../counted.ts';
import { formatTable, visible } from '../table.ts';

const LISTED = 100;
/** Ids in one request to the node. */
const SETTLED_AT_ONCE = 500;

export function addDeadCommands(cli: Cli, program: Command): void {
  const dead = cli.noun(program, 'dead', 'messages that no turn could process');
  addConnectionOptions(cli.verb(dead, 'list', 'list dead letters, the newest last', list))
    .option('--to <address>', 'only those to this actor, or to this kind')
    .option('--limit <n>', `at most this many, the newest (default: ${LISTED})`);
  addConnectionOptions(cli.verb(dead, 'show <id>', 'show one with its message and the stack', show));
  addConnectionOptions(
    cli.verb(dead, 'replay [ids...]', 'send them to their actors again', (run) => settle(run, 'replay')),
  )
    .option('--all', 'every dead letter')
    .option('--to <address>', 'with --all: only those to this actor, or to this kind')
    .option('--dry-run', 'say what would be done');
  addConnectionOptions(cli.verb(dead, 'drop [ids...]', 'remove them for good', (run) => settle(run, 'drop')))
    .option('--all', 'every dead letter')
    .option('--to <address>', 'with --all: only those to this actor, or to this kind')
    .option('--dry-run', 'say what would be done')
    .option('--yes', 'do not ask');
}

async function list(run: Run): Promise<void> {
  const limit = run.number('limit', { min: 1 }) ?? LISTED;
  await run.withClient(async (client) => {
    const newest: DeadLetter[] = [];
    let more = 0;
    for await (const letter of readDeadLetters(client, destination(run))) {
      newest.push(letter);
      if (newest.length <= limit) continue;
      newest.shift();
      more++;
    }
    const letters = newest.map((letter) => ({
      id: letter.id,
      to: letter.to,
      at: new Date(letter.at).toISOString(),
      type: typeof letter.message?.['type'] === 'string' ? letter.message['type'] : null,
      code: letter.error.code,
      message: letter.error.message,
      sender: letter.sender ?? null,
    }));
    run.output.data(deadListDocument, { letters, more }, () =>
      formatTable(
        ['ID', 'AT', 'TO', 'TYPE', 'CODE', 'MESSAGE'],
        letters.map((letter) => [letter.id, letter.at, letter.to, letter.type, letter.code, letter.message]),
      ),
    );
    if (letters.length === 0) run.output.message('There are no dead letters.');
    if (more > 0) run.output.message(`${more} older ones are not shown; see --limit.`);
  });
}

async function show(run: Run): Promise<void> {
  const [id = ''] = run.words;
  await run.withClient(async (client) => {
    for await (const letter of readDeadLetters(client, undefined)) {
      if (letter.id === id) {
        run.output.data(deadShowDocument, letter, () => describe(letter));
        return;
      }
    }
    throw new BanyanError('dead.not_found', { message: `No dead letter is called ${id}.` });
  });
}

function describe({ body, message, stack, error, ...rest }: DeadLetter): string {
  const facts = { ...rest, at: new Date(rest.at).toISOString(), code: error.code, error: error.message };
  return [
    ...Object.entries(facts).map(([name, value]) => `${name.padEnd(14)} ${visible(String(value))}`),
    message === undefined
      ? `body           ${body.byteLength} bytes that could not be decoded`
      : prettyJson(message),
    ...(stack === undefined ? [] : [stack.split('\n').map(visible).join('\n')]),
  ].join('\n');
}

async function settle(run: Run, op: 'replay' | 'drop'): Promise<void> {
  if (run.flag('all') === run.words.length > 0) {
    throw new BanyanError('usage', { message: 'Name dead letters by their ids, or all of them with --all.' });
  }
  await run.withClient(async (client) => {
    const ids = run.flag('all') ? await idsOf(client, run) : [...run.words];
    const asks = op === 'drop' || run.flag('dryRun');
    if (asks && ids.length > 0 && !(await run.mayProceed(`${op} ${counted(ids.length, 'dead letter')}`)))
      return;
    const result: { settled: string[]; missing: string[] } = { settled: [], missing: [] };
    for (let at = 0; at < ids.length; at += SETTLED_AT_ONCE) {
      const some = { op, ids: ids.slice(at, at + SETTLED_AT_ONCE) };
      const { settled, missing } = deadSettledDocument.parse(await client.sys('dead', some, run.timeout));
      result.settled.push(...settled);
      result.missing.push(...missing);
    }
    const verb = op === 'replay' ? 'replayed' : 'dropped';
    run.output.data(deadSettledDocument, result, () => `${result.settled.length} ${verb}`);
    if (result.missing.length > 0) {
      throw new BanyanError('dead.not_found', {
        message: `These are not there: ${result.missing.join(', ')}.`,
      });
    }
  });
}

async function idsOf(client: BanyanClient, run: Run): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of readDeadLetters(client, destination(run))) ids.push(id);
  return ids;
}

function destination(run: Run): { kind: string; key?: string } | undefined {
  const to = run.text('to');
  if (to === undefined) return undefined;
  return isKind(to) ? { kind: to } : parseAddress(to);
}
