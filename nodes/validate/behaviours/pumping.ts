/** A node does everything that might lift it without a verdict: it floods, repeats, corroborates and votes for itself. */
import { reputationContract } from '../../../actors/reputation/contract.ts';
import { defaultPipelineSettings } from '../../../actors/settings.ts';
import { escapeKey } from '../../../protocol/address.ts';
import { toBanyanError } from '../../../protocol/errors.ts';
import type { Behaviour, Stage } from '../behaviour.ts';
import { atMost, below, type Check, equal, within } from '../evidence.ts';
import type { RunningSystem } from '../running-system.ts';
import { callIntake, NOTHING, plus, type Tally } from '../submit.ts';
import { type Offer, offerOf, textOf } from '../texts.ts';

/** With its repeats, within the quota of a new node. */
const JUNK = 480;
const HONEST_ITEMS = 100;
const HONEST = 'honest';
const PUMPING = 'pumping';
/** One more than must agree before a score moves. */
const WAVES = 4;
/** More than the hundred words by which the feeder knows a scenario again. */
const BEGINNING_SENTENCES = 15;
const VOTES = 30;
const DOMAINS = 20;
/** Shorter cycles; the limits of the feeder are wide, so that what a node is worth shows soon. */
const SETTINGS = {
  'pipeline.reputation.epochMs': 1_000,
  'pipeline.phoenix.roundMs': 200,
  'pipeline.phoenix.hourlyLimit': 10_000,
  'pipeline.phoenix.domainMax': 100,
  'pipeline.phoenix.nodeMax': 50,
  'pipeline.phoenix.contentTypeShare': 1,
};
const { min, max } = defaultPipelineSettings.reputation;

export interface PumpingObservation {
  readonly junk: number;
  /** The flood, and the same again from other sources. */
  readonly flood: Tally;
  readonly repeats: Tally;
  /** Codes of the refusals of forged outcomes. */
  readonly forged: readonly string[];
  readonly forgedSent: number;
  /** Forged outcomes that were published behind the gateway's back, and those that became dead letters. */
  readonly smuggled: number;
  readonly deadLetters: number;
  /** Scores before the node voted for itself, and in the end. */
  readonly pumpingBefore: number;
  readonly pumping: number;
  readonly honest: number;
}

export function judgePumping(observed: PumpingObservation): Check[] {
  const { flood, repeats, forged } = observed;
  return [
    equal('items of the flood that were accepted', flood.accepted, observed.junk),
    equal(
      'repeats that the node got for corroboration or for new',
      repeats.corroborated + repeats.accepted,
      0,
    ),
    equal(
      'forged outcomes that were refused',
      forged.filter((code) => code === 'message.not_public').length,
      observed.forgedSent,
    ),
    equal(
      'forged outcomes past the gateway that became dead letters',
      observed.deadLetters,
      observed.smuggled,
    ),
    atMost('the score after the node has voted for itself', observed.pumping, observed.pumpingBefore),
    below('the score of the pumping node, beside that of the honest one', observed.pumping, observed.honest),
    within('the score of the pumping node', observed.pumping, min, max),
  ];
}

/** Different items with one beginning: accepted each, and fed once, so no verdict speaks for or against the others. */
function junk(stage: Stage, count: number): Offer[] {
  const beginning = textOf(stage.random, undefined, BEGINNING_SENTENCES);
  return Array.from({ length: count }, (_, serial) =>
    offerOf(stage.random, serial, {
      content: `${beginning} ${textOf(stage.random)} Item ${serial}.`,
      confidence: 1,
      metadata: { domain: `domain-${serial % DOMAINS}` },
    }),
  );
}

/** An outcome that only the pipeline's own actors may send: through the gateway, then straight into the mailbox. */
async function forge(
  system: RunningSystem,
): Promise<Pick<PumpingObservation, 'forged' | 'forgedSent' | 'smuggled'>> {
  const to = reputationContract.at(escapeKey(PUMPING));
  const outcome = {
    type: 'outcome.observed',
    node: PUMPING,
    source: 'verdict',
    good: 100,
    bad: 0,
    origin: 'critic/main',
    evidence: 'forged',
    notify: 'coordinator/main',
  } as const;
  const forged: string[] = [];
  for (let vote = 0; vote < VOTES; vote++) {
    await system.client.submit(to, outcome).then(
      () => forged.push('accepted'),
      (error: unknown) => forged.push(toBanyanError(error).code),
    );
    await system.client.tell(to, outcome, { id: `smuggled-${vote}` });
  }
  return { forged, forgedSent: VOTES, smuggled: VOTES };
}

/** Votes that anybody may cast, all for itself. A build without them refuses each, which is as good. */
async function voteForItself(system: RunningSystem): Promise<number> {
  const to = reputationContract.at(escapeKey(PUMPING));
  let taken = 0;
  for (let vote = 0; vote < VOTES; vote++) {
    const message = { type: 'vote.cast', node: PUMPING, voter: PUMPING, vote: 'good' };
    await system.client.submit(to, message as never).then(
      () => taken++,
      () => undefined,
    );
  }
  return taken;
}

const scoreOf = async (system: RunningSystem, node: string): Promise<number> => {
  const { score, effective } = await system.ask<{ score: number; effective?: number }>(
    `reputation/${node}`,
    'score',
  );
  return effective ?? score;
};

async function observe(
  stage: Stage,
  system: RunningSystem,
): Promise<PumpingObservation & { readonly votes: number }> {
  const { signal } = stage;
  const { client } = system;
  const each = Math.ceil(stage.size(JUNK) / WAVES);
  const honestEach = Math.ceil(stage.size(HONEST_ITEMS, 40) / WAVES);
  const items = junk(stage, each * WAVES);
  const good = Array.from({ length: honestEach * WAVES }, (_, at) =>
    offerOf(stage.random, items.length + at, { metadata: { domain: `domain-${at % DOMAINS}` } }),
  );
  let flood = NOTHING;
  let repeats = NOTHING;
  for (let wave = 0; wave < WAVES; wave++) {
    stage.progress(`wave ${wave + 1} of ${WAVES}: flooding and repeating`);
    const part = items.slice(wave * each, (wave + 1) * each);
    const name = `wave-${wave}`;
    const [flooded] = await Promise.all([
      callIntake({ client, node: PUMPING, name, items: part, signal }),
      callIntake({
        client,
        node: HONEST,
        name,
        items: good.slice(wave * honestEach, (wave + 1) * honestEach),
        signal,
      }),
    ]);
    flood = plus(flood, flooded);
    const elsewhere = part.map((item) => ({ ...item, source: `elsewhere:${item.source}` }));
    repeats = plus(
      repeats,
      await callIntake({ client, node: PUMPING, name: `again-${wave}`, items: elsewhere, signal }),
    );
    await epochEnds(system);
  }
  await system.idle();
  const pumpingBefore = await scoreOf(system, PUMPING);
  stage.progress('voting for itself');
  const forgery = await forge(system);
  const votes = await voteForItself(system);
  await epochEnds(system);
  await system.idle();
  return {
    junk: items.length,
    flood,
    repeats,
    ...forgery,
    votes,
    deadLetters: (await system.deadLetters()).length,
    pumpingBefore,
    pumping: await scoreOf(system, PUMPING),
    honest: await scoreOf(system, HONEST),
  };
}

/** An epoch ends by a timer in the one after it. */
function epochEnds(system: RunningSystem): Promise<void> {
  return system.pause(1.5 * SETTINGS['pipeline.reputation.epochMs']);
}

export const pumping: Behaviour = {
  name: 'pumping',
  promise:
    'Reputation cannot be pumped: flooding, repeating and voting for oneself lift nobody above who is honest',
  async run(stage) {
    const system = await stage.start(SETTINGS);
    const observed = await observe(stage, system);
    return {
      sent: [
        `${observed.junk} different items with one beginning by one node, in ${WAVES} waves of an epoch each, every one again from another source; good texts of an honest node beside them`,
        `${observed.forgedSent} forged outcomes through the gateway, ${observed.smuggled} past it, and ${VOTES} votes for itself, of which ${observed.votes} were taken`,
      ],
      settings: SETTINGS,
      checks: judgePumping(observed),
    };
  },
};
