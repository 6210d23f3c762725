/**
 * One run: a population collects, the best items are fed, the critic judges, reputations move, for 30 cycles of an
 * hour. What is simulated is the world: items, their truth, and a critic that errs now and then. What decides is the
 * production code: the reputation's functions, the coordinator's priority, the feeder's diversity.
 */
import { baseOf, priorityAt } from '../../actors/coordinator/rank-key.ts';
import { chooseNext } from '../../actors/phoenix/diversity.ts';
import { defaultPipelineSettings } from '../../actors/settings.ts';
import { Draw } from '../simulation/draw.ts';
import { type Attack, type Behaviour, CYCLES, HONEST, ITEMS } from './attacks.ts';
import type { Reputations } from './reputations.ts';

const MINUTE_MS = 60_000;
const CYCLE_MS = 60 * MINUTE_MS;
/** An hour that is aligned as epochs and windows are. */
export const START_MS = Date.UTC(2026, 0, 1);

/** Scenarios fed in one cycle. */
const FED = 100;
/** Candidates that the feeder looks at, and those of one node at most that are kept for later. */
const CANDIDATES = 100;
const KEPT_PER_NODE = 200;
const KEPT_CYCLES = 24;
const DOMAINS = 40;
const TYPES = ['text', 'code', 'log'];
/** How often the critic errs. */
const REJECTS_GOOD = 0.02;
const ACCEPTS_BAD = 0.05;
/** An item's chance to be good lies this near to its node's quality. */
const SPREAD = 0.15;
/** The share of items that another honest node reports, too. */
const SHARED = 0.2;

interface Item {
  readonly node: string;
  readonly isGood: boolean;
  readonly claimed: number;
  readonly domain: string;
  readonly contentType: string;
  readonly base: number;
  readonly atMs: number;
  readonly cycle: number;
  readonly reporters: readonly string[];
  readonly misjudged: number;
  readonly isAttackers: boolean;
}

export interface CycleRecord {
  /** By node, at the end of the cycle. */
  readonly effective: ReadonlyMap<string, number>;
  readonly accused: ReadonlySet<string>;
  /** Mean over the attacker's current nodes, or the victim's. */
  readonly subject: number;
  readonly subjectAccused: boolean;
  readonly fed: number;
  /** Fed, bad, and the attacker's. */
  readonly harmful: number;
  /** The share of the feeder's candidates that are bad and the attacker's. */
  readonly harmfulInTop: number;
  readonly fedOfVictim: number;
}

/** Runs an attack; with `isHonest` its nodes behave as equally good honest ones, and nobody votes. */
export function runWorld(
  attack: Attack,
  seed: number,
  reputations: Reputations,
  { isHonest = false, cycles = CYCLES }: { isHonest?: boolean; cycles?: number } = {},
): CycleRecord[] {
  const draw = new Draw(seed, 'items');
  const records: CycleRecord[] = [];
  const attackers = Array.from({ length: attack.attackers }, (_, i) => `attacker-${i + 1}`);
  const recent: Item[] = [];
  let waiting: Item[] = [];
  for (let cycle = 0; cycle < cycles; cycle++) {
    const startMs = START_MS + cycle * CYCLE_MS;
    const planned = [
      ...HONEST.map(({ node, quality }) => ({
        node,
        isAttackers: false,
        does: { quality, items: ITEMS } as Behaviour,
      })),
      ...attackers.map((node, number) => ({
        node,
        isAttackers: true,
        does: isHonest ? honestly(attack, cycle, number) : attack.behave(cycle, number),
      })),
    ];
    reputations.advanceTo(startMs);
    const fresh = collect(planned, cycle, startMs, attack, isHonest ? [] : attackers, draw);
    report(fresh, planned, reputations, startMs);
    if (!isHonest) castVotes(attack, cycle, attackers, reputations, startMs);
    const atMs = startMs + 58 * MINUTE_MS;
    reputations.advanceTo(atMs);
    waiting = keep([...waiting, ...fresh], cycle);
    const shown = candidates(waiting, reputations, atMs);
    const fed = feed(shown, recent);
    const settled = new Set(fed);
    waiting = waiting.filter((item) => !settled.has(item));
    for (const item of fed) judge(item, reputations, draw);
    reputations.advanceTo(startMs + 59 * MINUTE_MS);
    const isHarm = (item: Item): boolean => item.isAttackers && !item.isGood && item.cycle >= attack.beginsAt;
    records.push({
      ...standingsOf(attack, attackers, reputations),
      fed: fed.length,
      harmful: fed.filter(isHarm).length,
      harmfulInTop: shown.filter(isHarm).length / Math.max(1, shown.length),
      fedOfVictim: fed.filter(({ node }) => node === attack.victim).length,
    });
    if (!isHonest) rename(attack, attackers, reputations, cycle);
  }
  return records;
}

function honestly(attack: Attack, cycle: number, number: number): Behaviour {
  const { claim: _claim, ...does } = (attack.honestly ?? attack.behave)(cycle, number);
  return does;
}

function collect(
  planned: readonly { node: string; isAttackers: boolean; does: Behaviour }[],
  cycle: number,
  startMs: number,
  attack: Attack,
  ring: readonly string[],
  draw: Draw,
): Item[] {
  const { coordinator } = defaultPipelineSettings;
  const honest = HONEST.map(({ node }) => node);
  return planned.flatMap(({ node, isAttackers, does }) =>
    Array.from({ length: does.items }, () => {
      const chance = Math.min(0.99, Math.max(0.01, does.quality + draw.between(-SPREAD, SPREAD)));
      const isGood = draw.chance(chance);
      const claimed = does.claim?.(chance) ?? chance;
      const measures = { threat: draw.between(0, 10), opportunity: draw.between(0, 10), confidence: claimed };
      const other = draw.pick(honest);
      const isShared = draw.chance(SHARED);
      const fellows = attack.corroborateEachOther === true && isAttackers ? ring : [];
      const reporters = isAttackers ? [node, ...fellows] : isShared ? [node, other] : [node];
      return {
        node,
        isGood,
        claimed,
        domain: `domain-${draw.whole(1, DOMAINS)}`,
        contentType: draw.pick(TYPES),
        base: baseOf(measures, coordinator),
        atMs: startMs,
        cycle,
        reporters: [...new Set(reporters)],
        misjudged: does.misjudged ?? REJECTS_GOOD,
        isAttackers,
      };
    }),
  );
}

/** The coordinator's part: what is accepted, and who corroborates whom. */
function report(
  fresh: readonly Item[],
  planned: readonly { node: string; does: Behaviour }[],
  reputations: Reputations,
  startMs: number,
): void {
  const batches = Math.max(...planned.map(({ does }) => does.batches ?? 1));
  for (let batch = 0; batch < batches && batch < 57; batch++) {
    reputations.advanceTo(startMs + batch * MINUTE_MS);
    for (const { node, does } of planned) {
      const own = does.batches ?? 1;
      if (batch < own) reputations.accepted(node, Math.ceil(does.items / own));
    }
  }
  const counts = new Map<string, { node: string; by: string; items: number }>();
  for (const { node, reporters } of fresh) {
    for (const by of reporters.slice(1)) {
      const key = `${node} ${by}`;
      counts.set(key, { node, by, items: (counts.get(key)?.items ?? 0) + 1 });
    }
  }
  reputations.advanceTo(startMs + 57 * MINUTE_MS);
  for (const { node, by, items } of counts.values()) reputations.corroborated(node, by, items);
}

/** Votes of a cycle come at once, in one minute. */
function castVotes(
  attack: Attack,
  cycle: number,
  attackers: readonly string[],
  reputations: Reputations,
  startMs: number,
): void {
  reputations.advanceTo(startMs + 57 * MINUTE_MS);
  for (const { node, voter, isGood } of attack.votes?.(cycle, attackers) ?? [])
    reputations.vote(node, voter, isGood);
}

/** What nobody will ask for any more is dropped, so that a flood does not slow down the run. */
function keep(items: readonly Item[], cycle: number): Item[] {
  const byNode = new Map<string, Item[]>();
  for (const item of items) {
    if (item.cycle <= cycle - KEPT_CYCLES) continue;
    const own = byNode.get(item.node);
    if (own === undefined) byNode.set(item.node, [item]);
    else own.push(item);
  }
  return [...byNode.values()].flatMap((own) =>
    own.length <= KEPT_PER_NODE ? own : own.sort((a, b) => b.base - a.base).slice(0, KEPT_PER_NODE),
  );
}

/** The best by priority, at most so many of a domain and of a node while others are there. */
function candidates(waiting: readonly Item[], reputations: Reputations, nowMs: number): Item[] {
  const { coordinator, phoenix } = defaultPipelineSettings;
  const nodes = new Set(waiting.map(({ node }) => node));
  const reputation = new Map([...nodes].map((node) => [node, reputations.effective(node)]));
  const ranked = waiting
    .map((item) => ({
      item,
      priority: priorityAt(item.base, reputation.get(item.node) ?? 0, nowMs - item.atMs, coordinator),
    }))
    .sort((a, b) => b.priority - a.priority);
  const taken = new Map<string, number>();
  const count = (name: string): number => {
    const before = taken.get(name) ?? 0;
    taken.set(name, before + 1);
    return before;
  };
  const chosen: Item[] = [];
  const others: Item[] = [];
  for (const { item } of ranked) {
    if (chosen.length >= CANDIDATES) break;
    const [ofDomain, ofNode] = [count(`domain ${item.domain}`), count(`node ${item.node}`)];
    const fits = ofDomain < phoenix.domainMax && ofNode < phoenix.nodeMax * 2;
    (fits ? chosen : others).push(item);
  }
  return [...chosen, ...others].slice(0, CANDIDATES);
}

/** The feeder's part. */
function feed(shown: readonly Item[], recent: Item[]): Item[] {
  const waiting = [...shown];
  const fed: Item[] = [];
  while (fed.length < FED && waiting.length > 0) {
    const choice = chooseNext(waiting, recent.slice(-100), defaultPipelineSettings.phoenix, false);
    if (choice.index === undefined) break;
    const [item] = waiting.splice(choice.index, 1);
    if (item === undefined) break;
    fed.push(item);
    recent.push(item);
  }
  return fed;
}

/** The critic's part: a good verdict is the first reporter's, a bad one everybody's who reported the item. */
function judge(item: Item, reputations: Reputations, draw: Draw): void {
  const isRejected = item.isGood ? draw.chance(item.misjudged) : !draw.chance(ACCEPTS_BAD);
  const seen = { good: isRejected ? 0 : 1, bad: isRejected ? 1 : 0 };
  reputations.judged(item.node, { ...seen, claimed: item.claimed });
  if (isRejected) for (const other of item.reporters.slice(1)) reputations.judged(other, seen);
}

function standingsOf(attack: Attack, attackers: readonly string[], reputations: Reputations) {
  const nodes = [...HONEST.map(({ node }) => node), ...attackers];
  const isAccused = (node: string): boolean => reputations.isFlagged(node) || reputations.isPenalised(node);
  const subjects = attack.victim === undefined ? attackers : [attack.victim];
  const accused = new Set(nodes.filter(isAccused));
  return {
    effective: new Map(nodes.map((node) => [node, reputations.effective(node)])),
    accused,
    subject: subjects.reduce((sum, node) => sum + reputations.effective(node), 0) / subjects.length,
    subjectAccused: subjects.some((node) => accused.has(node)),
  };
}

function rename(attack: Attack, attackers: string[], reputations: Reputations, cycle: number): void {
  const { renameBelow } = attack;
  if (renameBelow === undefined) return;
  attackers.forEach((node, index) => {
    if (reputations.effective(node) < renameBelow) attackers[index] = `attacker-${index + 1}-${cycle}`;
  });
}
