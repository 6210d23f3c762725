/** `banyan actor replay` and `show --at`: recomputes an actor from the log, in this process. */
import type { Command } from 'commander';
import { z } from 'zod';
import { BanyanError } from '../../../protocol/errors.ts';
import type { Address } from '../../../protocol/address.ts';
import { subjectsOf } from '../../../protocol/subjects.ts';
import { cursorSchema } from '../../../protocol/wire.ts';
import { JetStreamLog } from '../../../runtime/log-jetstream.ts';
import { type ReplayedActor, replayActor } from '../../../runtime/replay.ts';
import { loadApplication } from '../../application.ts';
import type { BanyanClient } from '../../client/connect.ts';
import type { Cli, Run } from '../cli.ts';
import { formatState } from '../actor-state.ts';
import { actorReplayDocument, actorReplayedDocument } from '../documents.ts';
import { EXIT } from '../exit-code.ts';
import { addConnectionOptions } from '../options.ts';
import { prettyJson } from '../output.ts';
import { counted } from '../counted.ts';
import { addressOf } from './message.ts';
import { fetchTree } from './tree.ts';

export function addReplayCommand(cli: Cli, actor: Command): void {
  addConnectionOptions(
    cli.verb(
      actor,
      'replay <address>',
      'recompute an actor from the log and compare it with the live one',
      compare,
    ),
  ).option('--app <file>', 'the application that the actor belongs to');
}

/** `actor show --at SEQ`. */
export async function showEarlier(run: Run, address: Address, at: number): Promise<void> {
  await run.withClient(async (client) => {
    const replayed = await replay(run, client, address, at);
    if (replayed.turns === 0) {
      throw new BanyanError('actor.not_found', { message: `${address} had no turn up to entry ${at}.` });
    }
    const document = {
      address,
      cursor:
        replayed.cursor === undefined ? null : { seq: replayed.cursor.seq, index: replayed.cursor.index },
      state: (replayed.state ?? null) as string | null,
      context: replayed.context,
      standing: replayed.standing?.status ?? null,
      hash: replayed.hash,
      turns: replayed.turns,
      deadLetters: replayed.deadLetters,
    };
    run.output.data(actorReplayedDocument, document, () =>
      [
        `${address} after entry ${at}: ${formatState(replayed.state)}${document.standing === null ? '' : `, ${document.standing}`}`,
        `${counted(replayed.turns, 'turn')}, ${counted(replayed.deadLetters, 'dead letter')}, hash ${replayed.hash}`,
        prettyJson(replayed.context),
      ].join('\n'),
    );
  });
}

const liveSchema = z.object({ hash: z.string(), cursor: cursorSchema, partition: z.int() });

async function compare(run: Run): Promise<number> {
  const address = addressOf(run.words[0] ?? '');
  return run.withClient(async (client) => {
    await client.sys('actor', { address }, run.timeout);
    const { hash, cursor, partition } = liveSchema.parse(await client.sys('hash', { address }, run.timeout));
    const replayed = await replay(run, client, address, cursor.seq);
    const identical = replayed.hash === hash;
    const document = {
      address,
      identical,
      partition,
      cursor,
      live: { hash },
      replayed: { hash: replayed.hash, turns: replayed.turns, deadLetters: replayed.deadLetters },
    };
    run.output.data(actorReplayDocument, document, () => {
      const turns = `${counted(replayed.turns, 'turn')} up to entry ${cursor.seq}`;
      return identical
        ? `${address}: identical after ${turns}, hash ${hash}`
        : `${address}: DIFFERENT after ${turns}: the live state has the hash ${hash}, the replayed one ${replayed.hash}`;
    });
    return identical ? EXIT.ok : EXIT.findings;
  });
}

async function replay(
  run: Run,
  client: BanyanClient,
  address: Address,
  until: number,
): Promise<ReplayedActor> {
  const subjects = subjectsOf(client.namespace);
  const running = run.runFile();
  const app = run.settings.app ?? running?.app ?? undefined;
  const system = await loadApplication(app, run.settings.pipeline);
  if (running !== undefined && running.turnVersion !== system.turnVersion) {
    throw new BanyanError('version.tail', {
      message: `The node runs the version ${running.turnVersion}, this command has loaded ${system.turnVersion}.`,
      hint: 'Give this command the application and the settings that the node was started with.',
    });
  }
  const { partitions } = await fetchTree(client, { depth: 0 }, run.timeout);
  const log = await JetStreamLog.open(client.connection, subjects);
  return replayActor({ log, system, subjects, partitions: partitions.length, address, until });
}
