/** Hands a basal set to the curator, and says what became of it. */
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { formatAddress } from '../../../protocol/address.ts';
import { BanyanError } from '../../../protocol/errors.ts';
import type { BanyanClient } from '../../client/connect.ts';
import type { RunningNode } from '../../start-node.ts';
import { idle, persistently } from './collection.ts';

interface Stats {
  readonly basal: {
    readonly set: {
      readonly path: string;
      readonly lines: number;
      readonly refused: number;
      readonly problems: Problem[];
    } | null;
    readonly available: number;
    readonly taken: number;
    readonly problem: string | null;
  };
}
interface Problem {
  readonly line: number;
  readonly problem: string;
}

const curator = formatAddress('curator', 'main');

/** Waits until the set is loaded. Throws `config.invalid` when it cannot be read; refused lines are logged. */
export async function loadBasalSet(
  node: RunningNode,
  client: BanyanClient,
  file: string,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> {
  const path = resolve(file);
  const message = { type: 'basal.load', node: node.id, path };
  await node.tellInternal(curator, message);
  await idle(node, signal);
  const { basal } = (await persistently(() => client.ask<Stats>(curator, 'stats'), signal)).value;
  if (basal.problem !== null || basal.set?.path !== path) {
    throw new BanyanError('config.invalid', {
      path: 'basal',
      message: basal.problem ?? `${path} was not loaded.`,
    });
  }
  const { lines, refused, problems } = basal.set;
  for (const { line, problem } of problems)
    log.warn({ basal: path, line }, `a basal line is refused: ${problem}`);
  log.info({ basal: path, lines, refused, left: basal.available - basal.taken }, 'the basal set is loaded');
}
