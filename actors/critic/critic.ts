/**
 * The critic: structure, evidence, safety, semantics, cheapest first; the first layer that fails ends it. What
 * evidence could not verify and is below 0.85 waits for a person and never passes silently.
 */
import { assign, setup } from 'xstate';
import { escapeKey } from '../../protocol/address.ts';
import type { MessageOf } from '../../protocol/contract.ts';
import { defineActor } from '../../runtime/define-actor.ts';
import { cancel, emit, now, schedule, self, tell } from '../../runtime/effects.ts';
import { curatorContract } from '../curator/contract.ts';
import { intakeContract } from '../intake/contract.ts';
import { reputationContract } from '../reputation/contract.ts';
import type { Scenario, Verdict } from '../scenario.ts';
import type { PipelineSettings } from '../settings.ts';
import { quotesOf } from '../text/index.ts';
import { criticContract } from './contract.ts';
import { decideReview } from './decide-review.ts';
import {
  confidenceOf,
  decide,
  type Evidence,
  judgeEvidence,
  judgeSafety,
  judgeSemantics,
  judgeStructure,
} from './layers.ts';
import { criticQueries } from './queries.ts';
import { criticTables, pending, rejectionKey, rejections, REJECTIONS_KEPT, reviews } from './tables.ts';

type Counts = Readonly<Record<string, number>>;

export interface Context {
  /** Scenarios taken on; each is pending, accepted, rejected or in review. */
  readonly offered: number;
  readonly pending: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly inReview: number;
  readonly reviewed: number;
  /** By the layer that failed. */
  readonly rejectedByLayer: Counts;
  /** Semantic judgements that could not be made. */
  readonly withoutSemantics: number;
}

type Message = MessageOf<typeof criticContract.messages>;
type Event<T extends Message['type']> = Extract<Message, { type: T }>;

/** Intake answers within milliseconds, or after reading a large object; then evidence counts as unavailable. */
const EVIDENCE_TIMEOUT_MS = 60_000;
/** Overdue scenarios judged in one turn. */
const OVERDUE_PER_TURN = 50;

export const createCritic = ({ critic: settings }: PipelineSettings) => {
  const offer = (context: Context, { scenario }: Event<'scenario.offered'>): Context => {
    if (pending.has(scenario.id) || reviews.has(scenario.id)) return context;
    const offered = { ...context, offered: context.offered + 1 };
    const structure = judgeStructure(scenario, settings);
    if (structure.result === 'failed') {
      return conclude(offered, scenario, {
        scenario: scenario.id,
        decision: 'reject',
        confidence: 0,
        layers: [structure],
      });
    }
    if (context.pending === 0) schedule('evidence', EVIDENCE_TIMEOUT_MS, { type: 'evidence.overdue' });
    pending.put(scenario.id, { scenario, structure, sinceMs: now() });
    tell(intakeContract.at('main'), {
      type: 'evidence.check',
      scenario: scenario.id,
      artifact: scenario.artifact,
      terms: scenario.expected.keyTerms,
      quotes: quotesOf(scenario.expected.summary),
    });
    return { ...offered, pending: context.pending + 1 };
  };

  const judge = (context: Context, id: string, evidence: Evidence | undefined): Context => {
    const row = pending.get(id);
    if (row === undefined) return context;
    pending.delete(id);
    if (context.pending === 1) cancel('evidence');
    const { scenario } = row;
    const layers = [row.structure, judgeEvidence(scenario, evidence)];
    if (layers[1]?.result !== 'failed') layers.push(judgeSafety(scenario));
    if (layers.every(({ result }) => result !== 'failed')) layers.push(judgeSemantics());
    const confidence = confidenceOf(scenario, evidence);
    const verdict: Verdict = {
      scenario: id,
      decision: decide(layers, confidence, settings),
      confidence,
      layers,
    };
    const semantics = layers.some(({ layer }) => layer === 'semantics') ? 1 : 0;
    const judged = {
      ...context,
      pending: context.pending - 1,
      withoutSemantics: context.withoutSemantics + semantics,
    };
    return conclude(judged, scenario, verdict);
  };

  /** A batch of those that intake never answered for; the others get a new deadline. */
  const giveUpWaiting = (context: Context): Context => {
    const overdue: string[] = [];
    for (const [id, { sinceMs }] of pending.range()) {
      if (now() - sinceMs >= EVIDENCE_TIMEOUT_MS) overdue.push(id);
      if (overdue.length >= OVERDUE_PER_TURN) break;
    }
    let next = context;
    for (const id of overdue) next = judge(next, id, undefined);
    const delayMs = overdue.length >= OVERDUE_PER_TURN ? 1 : EVIDENCE_TIMEOUT_MS;
    if (next.pending > 0) schedule('evidence', delayMs, { type: 'evidence.overdue' });
    return next;
  };

  const machine = setup({
    types: { context: {} as Context, events: {} as Message, input: {} as { key: string } },
  }).createMachine({
    id: 'critic',
    context: {
      offered: 0,
      pending: 0,
      accepted: 0,
      rejected: 0,
      inReview: 0,
      reviewed: 0,
      rejectedByLayer: {},
      withoutSemantics: 0,
    },
    initial: 'idle',
    on: {
      'scenario.offered': { actions: assign(({ context, event }) => offer(context, event)) },
      'review.decide': { actions: assign(({ context, event }) => decideReview(context, event, conclude)) },
    },
    states: {
      /** No evidence is awaited. */
      idle: { always: { guard: ({ context }) => context.pending > 0, target: 'judging' } },
      /** Evidence for at least one scenario is awaited. */
      judging: {
        always: { guard: ({ context }) => context.pending === 0, target: 'idle' },
        on: {
          'evidence.result': {
            actions: assign(({ context, event }) => judge(context, event.scenario, event)),
          },
          'evidence.overdue': { actions: assign(({ context }) => giveUpWaiting(context)) },
        },
      },
    },
  });

  return defineActor({ ...criticContract, machine, tables: criticTables, queries: criticQueries });
};

/** Acts on a verdict: the curator and the nodes' reputations hear of it, a review waits for a person. */
function conclude(context: Context, scenario: Scenario, verdict: Verdict): Context {
  const reasons = verdict.layers.flatMap((layer) => layer.reasons);
  const { decision, confidence } = verdict;
  emit(criticContract, 'verdict-given', { scenario: scenario.id, decision, confidence, reasons });
  if (decision === 'review') {
    reviews.put(scenario.id, { scenario, verdict, atMs: now() });
    return { ...context, inReview: context.inReview + 1 };
  }
  tell(curatorContract.at('main'), { type: 'scenario.judged', scenario, verdict });
  observe(scenario, decision === 'accept');
  if (decision === 'accept') return { ...context, accepted: context.accepted + 1 };
  const failed = verdict.layers.find(({ result }) => result === 'failed');
  const layer = failed?.layer ?? 'review';
  const { artifact, node, domain, source } = scenario;
  const at = new Date(now()).toISOString();
  const row = {
    scenario: scenario.id,
    artifact,
    node,
    domain,
    source,
    layer,
    reasons: failed?.reasons ?? reasons,
    at,
  };
  rejections.put(rejectionKey(context.rejected), row);
  if (context.rejected >= REJECTIONS_KEPT)
    rejections.delete(rejectionKey(context.rejected - REJECTIONS_KEPT));
  const rejectedByLayer = { ...context.rejectedByLayer, [layer]: (context.rejectedByLayer[layer] ?? 0) + 1 };
  return { ...context, rejected: context.rejected + 1, rejectedByLayer };
}

/** Nodes that share a bad verdict with the one that reported the item first. */
const CO_REPORTERS_TOLD = 16;

/**
 * A good verdict is the first reporter's alone: repeating what others found earns nothing. A bad one is everybody's who
 * reported it, so that vouching for rubbish costs those who vouch. Only the first one's claim was judged.
 */
function observe(scenario: Scenario, good: boolean): void {
  const others = good ? [] : scenario.nodes.filter((node) => node !== scenario.node);
  for (const node of [scenario.node, ...others.slice(0, CO_REPORTERS_TOLD)]) {
    const claimed = node === scenario.node ? scenario.claimed : undefined;
    tell(reputationContract.at(escapeKey(node)), {
      type: 'outcome.observed',
      node,
      source: 'verdict',
      good: good ? 1 : 0,
      bad: good ? 0 : 1,
      origin: self(),
      evidence: `scenario ${scenario.id} ${good ? 'accepted' : 'rejected'}`,
      notify: `coordinator/${scenario.collection}`,
      ...(claimed === undefined ? {} : { claimed }),
    });
  }
}
