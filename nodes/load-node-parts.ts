/** What of a node is pluggable: the shipped collectors and those of the user's own, and the assessor. */
import { type Assessor, lexicalAssessor } from '../actors/node/assessor.ts';
import { checkedAssessor } from '../actors/node/checked-assessor.ts';
import { checkedCollector } from '../actors/node/collectors/checked.ts';
import type { Collector } from '../actors/node/collectors/collector.ts';
import { shippedCollectors } from '../actors/node/collectors/index.ts';
import type { NodeSettings } from '../actors/settings.ts';
import { importPart } from './import-part.ts';

/** Every shard loads them for itself. Throws `collector.invalid` for one that cannot be imported or is none. */
export async function loadCollectors(settings: NodeSettings): Promise<readonly Collector[]> {
  const own = settings.collectors.map(async (named) =>
    checkedCollector(await importPart(named, 'collector.invalid', '--collector'), named),
  );
  return [...shippedCollectors(settings), ...(await Promise.all(own))];
}

/** The one that the settings name, or the shipped one. Throws `assessor.invalid`. */
export async function loadAssessor({ assessor: named }: NodeSettings): Promise<Assessor> {
  if (named === undefined) return lexicalAssessor;
  return checkedAssessor(await importPart(named, 'assessor.invalid', '--assessor'), named);
}
