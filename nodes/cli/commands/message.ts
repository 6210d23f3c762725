/** `banyan tell|ask|call`, also under `actor`: talking to one actor. */
import type { Command } from 'commander';
import { formatAddress, parseAddress, type Address } from '../../../protocol/address.ts';
import { BanyanError } from '../../../protocol/errors.ts';
import type { Cli, Run } from '../cli.ts';
import { storedDocument, valueDocument } from '../documents.ts';
import { parseInput, parseMessage } from '../message-argument.ts';
import { addConnectionOptions } from '../options.ts';
import { prettyJson } from '../output.ts';

export function addMessageCommands(cli: Cli, parent: Command): void {
  const message = '<address> <message...>';
  const form = 'MESSAGE is JSON, - for standard input, or TYPE field=value …';
  sending(cli.verb(parent, `tell ${message}`, `send a durable message; ${form}`, tell))
    .option('--submit', 'let a node validate it first and refuse what its actor would not take')
    .option('--seq <n>', 'with --sender: the number that makes repeating it harmless')
    .option('--sender <name>', 'a name of your own');
  sending(
    cli.verb(parent, `call ${message}`, `send a message and print what the actor replies; ${form}`, call),
  );
  addConnectionOptions(
    cli.verb(
      parent,
      'ask <address> <query> [input...]',
      'read committed state; INPUT is JSON, - for standard input, or field=value …',
      ask,
    ),
  ).option('--after <seq>', 'answer only from a state that has seen this entry');
}

function sending(command: Command): Command {
  return addConnectionOptions(command)
    .option('--id <id>', 'sent again with the same id, it takes effect once')
    .option('--dry-run', 'print the message instead of sending it');
}

async function tell(run: Run): Promise<void> {
  const { address, message } = await messageOf(run);
  const seq = run.number('seq');
  const [id, sender] = [run.text('id'), run.text('sender')];
  if (run.flag('dryRun')) return run.output.data(valueDocument, message, () => prettyJson(message));
  await run.withClient(async (client) => {
    const options = {
      ...run.timeout,
      ...(id === undefined ? {} : { id }),
      ...(sender === undefined ? {} : { sender }),
      ...(seq === undefined ? {} : { seq }),
    };
    const stored = await (run.flag('submit')
      ? client.submit(address, message, options)
      : client.tell(address, message, options));
    run.output.data(
      storedDocument,
      { address, ...stored },
      () => `${address}: stored as entry ${stored.seq}${stored.duplicate ? ', before' : ''}`,
    );
  });
}

async function call(run: Run): Promise<void> {
  const { address, message } = await messageOf(run);
  const id = run.text('id');
  if (run.flag('dryRun')) return run.output.data(valueDocument, message, () => prettyJson(message));
  await run.withClient(async (client) => {
    const { value } = await client.call(address, message, {
      ...run.timeout,
      ...(id === undefined ? {} : { id }),
    });
    run.output.data(valueDocument, value ?? null, () => prettyJson(value));
  });
}

async function ask(run: Run): Promise<void> {
  const [address = '', query = '', ...words] = run.words;
  const to = addressOf(address);
  const input = await parseInput(words, run.io.stdin);
  const after = run.number('after');
  await run.withClient(async (client) => {
    const { value } = await client.ask(to, query, input, {
      ...run.timeout,
      ...(after === undefined ? {} : { after }),
    });
    run.output.data(valueDocument, value ?? null, () => prettyJson(value));
  });
}

async function messageOf(run: Run): Promise<{ address: Address; message: { readonly type: string } }> {
  const [address = '', ...words] = run.words;
  return { address: addressOf(address), message: await parseMessage(words, run.io.stdin) };
}

/** An address as an argument; throws `address.invalid`. */
export function addressOf(text: string): Address {
  if (!text.includes('/')) {
    throw new BanyanError('address.invalid', {
      message: `${JSON.stringify(text)} is not an address, kind/key.`,
    });
  }
  const { kind, key } = parseAddress(text);
  return formatAddress(kind, key);
}
