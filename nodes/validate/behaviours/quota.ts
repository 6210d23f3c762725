/** A new node may offer more than its quota: exactly the quota is accepted, the rest is refused usefully. */
import { defaultPipelineSettings } from '../../../actors/settings.ts';
import type { Behaviour } from '../behaviour.ts';
import { type Check, equal, none } from '../evidence.ts';
import { callIntake, type Refusal, type Tally } from '../submit.ts';
import { offerOf } from '../texts.ts';

/** As large in a quick run: it takes a second, and the quota of a new node does not shrink. */
const OFFERS = 1_500;
const OF_ANOTHER = 10;
/** Not a divisor of the quota: one call is accepted in part. */
const BATCH_ITEMS = 70;
const { nodeBase: QUOTA, quotaWindowMs } = defaultPipelineSettings.intake;
/** `retryAfterMs` is exact to the minute, and never too short. */
const MINUTE_MS = 60_000;

export interface QuotaObservation {
  readonly offered: number;
  readonly newcomer: Tally;
  readonly another: Tally;
  readonly quota: { readonly used: number; readonly limit: number };
}

export function judgeQuota({ offered, newcomer, another, quota }: QuotaObservation): Check[] {
  const { refusals } = newcomer;
  return [
    equal('items of the new node that were accepted', newcomer.accepted, QUOTA),
    equal('items that were refused', refusals.length, offered - QUOTA),
    none('refusals without a usable reason', refusals.flatMap(problemOf)),
    equal('the quota that intake reports', quota.limit, QUOTA),
    equal('how much of it intake reports as used', quota.used, QUOTA),
    equal('items of another node that were accepted meanwhile', another.accepted, OF_ANOTHER),
  ];
}

function problemOf({ code, retryAfterMs = 0, hint = '' }: Refusal): string[] {
  if (code !== 'quota.exceeded') return [`code ${code}`];
  if (retryAfterMs <= 0 || retryAfterMs > quotaWindowMs + MINUTE_MS) return [`retryAfterMs ${retryAfterMs}`];
  return hint === '' ? ['no hint'] : [];
}

export const quota: Behaviour = {
  name: 'quota',
  promise: 'A new node is accepted exactly up to its quota, and told when and how to go on',
  async run({ random, signal, start }) {
    const system = await start();
    const { client } = system;
    const items = Array.from({ length: OFFERS }, (_, serial) => offerOf(random, serial));
    const others = Array.from({ length: OF_ANOTHER }, (_, serial) => offerOf(random, OFFERS + serial));
    const newcomer = await callIntake({ client, node: 'newcomer', items, batchItems: BATCH_ITEMS, signal });
    const another = await callIntake({ client, node: 'another', items: others, signal });
    const reported = await system.ask<QuotaObservation['quota']>('intake/main', 'quota', {
      node: 'newcomer',
    });
    return {
      sent: [
        `${OFFERS} different items of one new node, in calls of ${BATCH_ITEMS}`,
        `${OF_ANOTHER} of another`,
      ],
      settings: {},
      checks: judgeQuota({ offered: OFFERS, newcomer, another, quota: reported }),
    };
  },
};
