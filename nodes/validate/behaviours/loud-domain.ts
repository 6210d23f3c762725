/** One domain sends nineteen items of twenty, all of the highest priority: the others are fed nevertheless. */
import { defaultPipelineSettings } from '../../../actors/settings.ts';
import type { Behaviour, Stage } from '../behaviour.ts';
import { atLeast, atMost, type Check, equal } from '../evidence.ts';
import { type FedScenario, fedScenarios } from '../fed-scenarios.ts';
import type { RunningSystem } from '../running-system.ts';
import { callIntake, NOTHING, plus, type Tally } from '../submit.ts';
import { type Offer, offerOf } from '../texts.ts';

const { phoenix } = defaultPipelineSettings;

const ITEMS = 4_000;
/** Below that the quiet domains would be too few to be held back at all. */
const ITEMS_MIN = 1_000;
const LOUD_SHARE = 0.95;
const NODES = 10;
/** More than the window needs: twenty. */
const QUIET_DOMAINS = 25;
/** What the window leaves to others holds so many at least. */
const QUIET_DOMAINS_FED = Math.floor((phoenix.domainWindow - phoenix.domainMax) / phoenix.domainMax);
const LOUD = 'loud';
const TYPES: readonly Offer['contentType'][] = ['text', 'log', 'code', 'data'];
/** The last few may wait for a place in the window of their node or content type. */
const FED_SHARE = 0.9;
/** Everything is there before the first round. */
const ROUND_MS = 60_000;

export interface LoudDomainObservation {
  readonly loudItems: number;
  readonly quietItems: number;
  readonly accepted: number;
  readonly fed: readonly FedScenario[];
}

export function judgeLoudDomain({ loudItems, quietItems, accepted, fed }: LoudDomainObservation): Check[] {
  const quietFed = fed.filter(({ domain }) => domain !== LOUD).length;
  const whileOthersWait = lastQuietAt(fed, quietItems);
  const crowd = fed.slice(0, whileOthersWait);
  const quietDomains = new Set(crowd.filter(({ domain }) => domain !== LOUD).map(({ domain }) => domain));
  return [
    equal('items that were accepted', accepted, loudItems + quietItems),
    atMost(
      `scenarios of the loud domain in ${phoenix.domainWindow} in a row, while others wait`,
      mostLoud(crowd),
      phoenix.domainMax,
    ),
    atLeast('quiet domains with a scenario', quietDomains.size, QUIET_DOMAINS_FED),
    atLeast(
      'scenarios of quiet domains',
      quietFed,
      Math.floor(FED_SHARE * Math.min(quietItems, phoenix.hourlyLimit - phoenix.domainMax)),
    ),
  ];
}

/** How many were fed before nothing of the quiet domains was left; all, if something still waits. */
function lastQuietAt(fed: readonly FedScenario[], quietItems: number): number {
  let quiet = 0;
  const at = fed.findIndex(({ domain }) => domain !== LOUD && ++quiet === quietItems);
  return at < 0 ? fed.length : at + 1;
}

function mostLoud(fed: readonly FedScenario[]): number {
  return Math.max(
    0,
    ...fed.map((_, end) => {
      const window = fed.slice(Math.max(0, end + 1 - phoenix.domainWindow), end + 1);
      return window.filter(({ domain }) => domain === LOUD).length;
    }),
  );
}

function itemsOf(stage: Stage, serials: readonly number[], loud: boolean): Offer[] {
  return serials.map((serial) =>
    offerOf(stage.random, serial, {
      contentType: TYPES[serial % TYPES.length] ?? 'text',
      threat: loud ? 10 : 3,
      opportunity: loud ? 10 : 3,
      metadata: { domain: loud ? LOUD : `quiet-${serial % QUIET_DOMAINS}` },
    }),
  );
}

async function offer(
  stage: Stage,
  system: RunningSystem,
  items: readonly Offer[],
  name: string,
): Promise<Tally> {
  const tallies = await Promise.all(
    Array.from({ length: NODES }, (_, node) =>
      callIntake({
        client: system.client,
        node: `node-${node}`,
        name,
        items: items.filter((_item, at) => at % NODES === node),
        signal: stage.signal,
      }),
    ),
  );
  return tallies.reduce(plus, NOTHING);
}

export const loudDomain: Behaviour = {
  name: 'loud-domain',
  promise: 'One loud domain cannot crowd out the others',
  async run(stage) {
    const settings = { 'pipeline.phoenix.roundMs': ROUND_MS };
    const system = await stage.start(settings);
    const count = stage.size(ITEMS, ITEMS_MIN);
    const loudItems = Math.round(count * LOUD_SHARE);
    const quietItems = count - loudItems;
    const serials = Array.from({ length: count }, (_, serial) => serial);
    stage.progress(`offering ${count} items, ${loudItems} of them of one domain`);
    const quiet = await offer(stage, system, itemsOf(stage, serials.slice(0, quietItems), false), 'quiet');
    const loud = await offer(stage, system, itemsOf(stage, serials.slice(quietItems), true), 'loud');
    await system.tellInternal('phoenix/main', { type: 'feed.now' });
    stage.progress('waiting until the hour is full, or nothing waits');
    await system.until(async () => {
      const { state } = await system.ask<{ state: string }>('phoenix/main', 'stats');
      return state === 'resting' || state === 'idle' ? true : undefined;
    });
    await system.idle();
    const accepted = quiet.accepted + loud.accepted;
    const observed = { loudItems, quietItems, accepted, fed: await fedScenarios(system) };
    return {
      sent: [
        `${quietItems} items of ${QUIET_DOMAINS} domains with threat and opportunity 3, then ${loudItems} of one domain with 10, by the same ${NODES} nodes`,
      ],
      settings,
      checks: judgeLoudDomain(observed),
    };
  },
};
