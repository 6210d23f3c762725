/** Ten thousand artifacts within an hour make a hundred scenarios at most, and those are diverse. */
import { defaultPipelineSettings } from '../../../actors/settings.ts';
import type { Behaviour } from '../behaviour.ts';
import { atMost, type Check, equal, none } from '../evidence.ts';
import { contentTypeMax, type FedScenario, fedScenarios, mostOfOne, mostWithin } from '../fed-scenarios.ts';
import { callIntake, NOTHING, plus } from '../submit.ts';
import { type Offer, offerOf } from '../texts.ts';

const ARTIFACTS = 10_000;
const NODES = 10;
const DOMAINS = 40;
const TYPES: readonly Offer['contentType'][] = ['text', 'log', 'code', 'data'];
const { phoenix } = defaultPipelineSettings;

export interface DiversityObservation {
  readonly offered: number;
  readonly accepted: number;
  /** In the order in which they were fed. */
  readonly fed: readonly FedScenario[];
}

export function judgeDiversity({ offered, accepted, fed }: DiversityObservation): Check[] {
  const seen = new Set<string>();
  const twice = fed.filter(({ artifact }) => seen.size === seen.add(artifact).size).map(({ id }) => id);
  return [
    equal('artifacts that were accepted', accepted, offered),
    equal('scenarios that were made of them', fed.length, phoenix.hourlyLimit),
    atMost('scenarios within any hour', mostWithin(fed, phoenix.windowMs), phoenix.hourlyLimit),
    atMost(
      `scenarios of one domain in ${phoenix.domainWindow} in a row`,
      mostOfOne(fed, 'domain', phoenix.domainWindow),
      phoenix.domainMax,
    ),
    atMost(
      `scenarios of one node in ${phoenix.nodeWindow} in a row`,
      mostOfOne(fed, 'node', phoenix.nodeWindow),
      phoenix.nodeMax,
    ),
    atMost(
      `scenarios of one content type in ${phoenix.contentTypeWindow} in a row`,
      mostOfOne(fed, 'contentType', phoenix.contentTypeWindow),
      contentTypeMax(phoenix),
    ),
    none('artifacts that were fed twice', twice),
  ];
}

export const diversity: Behaviour = {
  name: 'diversity',
  promise: '10,000 artifacts an hour lead to at most 100 scenarios, and those are diverse',
  async run(stage) {
    const { random, signal } = stage;
    const system = await stage.start();
    const each = stage.size(ARTIFACTS) / NODES;
    stage.progress(`offering ${each * NODES} items of ${NODES} nodes and ${DOMAINS} domains`);
    const tallies = await Promise.all(
      Array.from({ length: NODES }, (_, node) => {
        const items = Array.from({ length: each }, (_item, at) => {
          const serial = node * each + at;
          return offerOf(random, serial, {
            contentType: TYPES[(at + node) % TYPES.length] ?? 'text',
            metadata: { domain: `domain-${(at * 7 + node) % DOMAINS}` },
          });
        });
        return callIntake({ client: system.client, node: `feeder-${node}`, items, signal });
      }),
    );
    stage.progress('waiting until the hour is full');
    await system.until(async () => {
      const { state } = await system.ask<{ state: string }>('phoenix/main', 'stats');
      return state === 'resting' ? true : undefined;
    });
    await system.idle();
    const { accepted } = tallies.reduce(plus, NOTHING);
    const observed = { offered: each * NODES, accepted, fed: await fedScenarios(system) };
    return {
      sent: [
        `${observed.offered} different items by ${NODES} nodes at once, of ${DOMAINS} domains and ${TYPES.length} content types`,
      ],
      settings: {},
      checks: judgeDiversity(observed),
    };
  },
};
