/** The collectors of a node: the shipped ones, and those of the user's own, each a module that the settings name. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkedCollector } from '../actors/node/collectors/checked.ts';
import type { Collector } from '../actors/node/collectors/collector.ts';
import { shippedCollectors } from '../actors/node/collectors/index.ts';
import type { NodeSettings } from '../actors/settings.ts';
import { BanyanError } from '../protocol/errors.ts';
import { provideLibrary } from './provide-library.ts';
import { syntaxPlace } from './syntax-place.ts';

/** Every shard loads them for itself. Throws `collector.invalid` for one that cannot be imported or is none. */
export async function loadCollectors(settings: NodeSettings): Promise<readonly Collector[]> {
  return [...shippedCollectors(settings), ...(await Promise.all(settings.collectors.map(loadCollector)))];
}

async function loadCollector(named: string): Promise<Collector> {
  const file = resolve(named);
  if (!existsSync(file)) throw unusable(named, 'there is no such file');
  provideLibrary();
  let exported: unknown;
  try {
    exported = ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw unusable(named, `${why}${syntaxPlace(cause)}`, cause);
  }
  return checkedCollector(exported, named);
}

const unusable = (named: string, why: string, cause?: unknown): BanyanError =>
  new BanyanError('collector.invalid', {
    message: `${named} cannot be loaded: ${why}`,
    hint: 'Name the module with --collector; it may import banyan, xstate and zod as it is.',
    ...(cause === undefined ? {} : { cause }),
  });
