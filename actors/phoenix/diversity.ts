/**
 * Which candidate is fed next, as a pure function. In the recent window no domain may hold more than 5 of
 * the last 100, no node more than 10 of the last 50, no content type more than 60 % of the last 20.
 *
 * A limit *needs* window/limit different values (20 domains, 5 nodes, 2 content types). Where fewer are there
 * it is short: rather than starve, it is first stretched to an equal share of the window, then the value that
 * the window holds least is fed. Domains and nodes are there if they wait or stand in the window, content
 * types only if they wait: a collection that is mostly code is not held back by its last text.
 */
import type { PhoenixSettings } from '../settings.ts';

export type Dimension = 'domain' | 'node' | 'contentType';
export const DIMENSIONS: readonly Dimension[] = ['domain', 'node', 'contentType'];

/** What diversity looks at, of a candidate and of what was fed. */
export type Traits = Readonly<Record<Dimension, string>>;

export interface Limit {
  readonly window: number;
  readonly max: number;
  /** Different values needed to fill the window within the limit. */
  readonly needed: number;
}

export function limitsOf(settings: PhoenixSettings): Readonly<Record<Dimension, Limit>> {
  const limit = (window: number, max: number): Limit => ({ window, max, needed: Math.ceil(window / max) });
  return {
    domain: limit(settings.domainWindow, settings.domainMax),
    node: limit(settings.nodeWindow, settings.nodeMax),
    contentType: limit(
      settings.contentTypeWindow,
      Math.floor(settings.contentTypeWindow * settings.contentTypeShare),
    ),
  };
}

/** A limit that cannot be kept with what is there. */
export interface Shortage {
  readonly dimension: Dimension;
  readonly present: number;
  readonly needed: number;
}

export type Choice =
  | { readonly index: number; readonly relaxed: readonly Shortage[] }
  /** Nothing may be fed; says for each candidate which limit it meets first. */
  | { readonly index: undefined; readonly blockedBy: readonly Dimension[] };

/**
 * Chooses among `waiting` (best first) given `recent` (oldest first). With `strict` no limit is relaxed: more
 * candidates wait than are shown, and among them may be what the limits need.
 */
export function chooseNext(
  waiting: readonly Traits[],
  recent: readonly Traits[],
  settings: PhoenixSettings,
  strict: boolean,
): Choice {
  const limits = limitsOf(settings);
  const held = heldIn(recent, limits);
  const over = (traits: Traits, dimension: Dimension, max: number): boolean =>
    (held[dimension].get(traits[dimension]) ?? 0) >= max;
  const firstOver = (traits: Traits): Dimension | undefined =>
    DIMENSIONS.find((dimension) => over(traits, dimension, limits[dimension].max));

  const fitting = waiting.findIndex((traits) => firstOver(traits) === undefined);
  if (fitting >= 0) return { index: fitting, relaxed: [] };
  const blocked: Choice = {
    index: undefined,
    blockedBy: waiting.map((traits) => firstOver(traits)).filter((dimension) => dimension !== undefined),
  };
  if (strict) return blocked;

  const shortages = shortagesOf(waiting, recent, limits);
  const short = new Map(shortages.map((shortage) => [shortage.dimension, shortage]));
  const relaxedFor = (traits: Traits): readonly Shortage[] =>
    shortages.filter(({ dimension }) => over(traits, dimension, limits[dimension].max));
  const allowed = waiting
    .map((traits, index) => ({ traits, index }))
    .filter(({ traits }) =>
      DIMENSIONS.every((name) => short.has(name) || !over(traits, name, limits[name].max)),
    );
  const stretched = ({ dimension, present }: Shortage): number =>
    Math.ceil(limits[dimension].window / Math.max(1, present));
  const fair = allowed.find(({ traits }) =>
    shortages.every((shortage) => !over(traits, shortage.dimension, stretched(shortage))),
  );
  if (fair !== undefined) return { index: fair.index, relaxed: relaxedFor(fair.traits) };

  let least: { index: number; traits: Traits; share: number } | undefined;
  for (const { traits, index } of allowed) {
    let share = 0;
    for (const { dimension } of shortages) {
      share += (held[dimension].get(traits[dimension]) ?? 0) / limits[dimension].window;
    }
    if (least === undefined || share < least.share) least = { index, traits, share };
  }
  return least === undefined ? blocked : { index: least.index, relaxed: relaxedFor(least.traits) };
}

/** How often each value stands in its window, with one place left for the next. */
function heldIn(
  recent: readonly Traits[],
  limits: Readonly<Record<Dimension, Limit>>,
): Readonly<Record<Dimension, ReadonlyMap<string, number>>> {
  const count = (dimension: Dimension): ReadonlyMap<string, number> => {
    const counts = new Map<string, number>();
    const places = limits[dimension].window - 1;
    for (const traits of places === 0 ? [] : recent.slice(-places)) {
      counts.set(traits[dimension], (counts.get(traits[dimension]) ?? 0) + 1);
    }
    return counts;
  };
  return { domain: count('domain'), node: count('node'), contentType: count('contentType') };
}

function shortagesOf(
  waiting: readonly Traits[],
  recent: readonly Traits[],
  limits: Readonly<Record<Dimension, Limit>>,
): readonly Shortage[] {
  return DIMENSIONS.flatMap((dimension) => {
    const { window, needed } = limits[dimension];
    const there = dimension === 'contentType' ? waiting : [...waiting, ...recent.slice(-window)];
    const present = new Set(there.map((traits) => traits[dimension])).size;
    return present < needed ? [{ dimension, present, needed }] : [];
  });
}
