/** What the feeder fed, in order, and the diversity rules of its recent window as a check of their own. */
import type { PhoenixSettings } from '../../actors/settings.ts';
import type { RunningSystem } from './running-system.ts';
import { storedEvents } from './stored-events.ts';

export interface FedScenario {
  readonly id: string;
  readonly artifact: string;
  readonly domain: string;
  readonly node: string;
  readonly contentType: string;
  readonly atMs: number;
}

/** From the events; the content type, which they do not name, from the artifact itself. */
export async function fedScenarios(system: RunningSystem): Promise<FedScenario[]> {
  const name = { kind: 'phoenix', key: 'main', name: 'scenario-fed' };
  const events = await storedEvents<Omit<FedScenario, 'contentType' | 'atMs'>>(system.client, name);
  const fed: FedScenario[] = [];
  for (const { payload, atMs } of events) {
    const { id, artifact, domain, node } = payload;
    const found = await system.ask<{ contentType: string } | null>('coordinator/main', 'artifact', {
      id: artifact,
    });
    fed.push({ id, artifact, domain, node, contentType: found?.contentType ?? 'unknown', atMs });
  }
  return fed;
}

/** The most that stands in any window of `windowMs`. */
export function mostWithin(fed: readonly FedScenario[], windowMs: number): number {
  let most = 0;
  let first = 0;
  for (const [last, { atMs }] of fed.entries()) {
    while ((fed[first]?.atMs ?? atMs) <= atMs - windowMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** The most that one value holds of any `window` scenarios in a row. */
export function mostOfOne(
  fed: readonly FedScenario[],
  trait: 'domain' | 'node' | 'contentType',
  window: number,
): number {
  const held = new Map<string, number>();
  let most = 0;
  for (const [at, scenario] of fed.entries()) {
    const gone = fed[at - window];
    if (gone !== undefined) held.set(gone[trait], (held.get(gone[trait]) ?? 0) - 1);
    const count = (held.get(scenario[trait]) ?? 0) + 1;
    held.set(scenario[trait], count);
    most = Math.max(most, count);
  }
  return most;
}

/** The greatest number of one content type that its share of the window allows. */
export function contentTypeMax({ contentTypeShare, contentTypeWindow }: PhoenixSettings): number {
  return Math.floor(contentTypeShare * contentTypeWindow);
}
