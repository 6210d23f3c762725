/**
 * One run: faults are done to a real broker and real nodes while clients send; then they end, and everything must
 * settle; then a node with an empty disk must make the same of what the broker holds. Only what can be seen from
 * outside is judged: what streams hold, what actors answer.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { partitionOfAddress } from '../../../runtime/outbox.ts';
import { Draw } from '../../simulation/draw.ts';
import type { FinalAnswer } from '../../simulation/checkers/judgement.ts';
import type { Planned } from '../../simulation/workload.ts';
import { WORKLOADS } from '../../simulation/workloads/all.ts';
import type { FaultName } from './fault-kinds.ts';
import { judgeRun } from './judge-run.ts';
import { lasting } from './passing-time.ts';
import { type Plan, type PlannedFault, planOf, type PlanOptions } from './plan.ts';
import { Questions } from './questions.ts';
import { Recorder } from './recorder.ts';
import { runaways } from './runaways.ts';
import { openScene, type Scene } from './scene.ts';
import { Sender } from './sender.ts';
import { settled } from './settle.ts';
import { STRIKES } from './strike.ts';

export interface FaultRun {
  readonly seed: number;
  readonly plan: Plan;
  /** Faults that struck, by name. */
  readonly struck: Readonly<Partial<Record<FaultName, number>>>;
  /** Empty when everything held. */
  readonly problems: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly durationMs: number;
  /** What was done when. */
  readonly notes: readonly string[];
  /** Where stores and logs are kept; only after a failure. */
  readonly kept?: string;
}

/** Timers of the simulator's workloads may be longer than anybody waits here. */
const LONGEST_TIMER_MS = 3_000;

export async function faultRun(seed: number, options: PlanOptions = {}): Promise<FaultRun> {
  const startedMs = performance.now();
  const plan = planOf(seed, options);
  const scene = await openScene(plan);
  const struck: Partial<Record<FaultName, number>> = {};
  let counts: Record<string, number> = {};
  let problems: string[];
  try {
    ({ problems, counts } = await perform(scene, struck));
  } catch (error) {
    problems = [`the run broke off: ${error instanceof Error ? error.stack : String(error)}`];
  }
  const keepsFiles = problems.length > 0;
  await scene.close({ keepsFiles });
  return {
    seed,
    plan,
    struck,
    problems,
    counts,
    durationMs: Math.round(performance.now() - startedMs),
    notes: scene.history.notes,
    ...(keepsFiles ? { kept: scene.folder } : {}),
  };
}

async function perform(scene: Scene, struck: Partial<Record<FaultName, number>>) {
  const { plan, fleet, subjects, history } = scene;
  const connection = await scene.connect();
  await fleet.start();
  const { streams } = subjects;
  const watch = (stream: string, filter: string) => Recorder.start(connection, stream, filter);
  const recorders = {
    mailbox: await watch(streams.mailbox, `${subjects.namespace}.>`),
    state: await watch(streams.state, `${subjects.namespace}.state.*.head`),
    event: await watch(streams.event, subjects.all.event),
    dead: await watch(streams.dead, subjects.all.dead),
  };
  const { planned, rushes } = plannedTraffic(plan);
  const senders = await Promise.all(
    Array.from({ length: plan.clients }, async (_, index) => {
      const parts = { history, subjects, partitions: plan.partitions, numbers: index % 2 === 0 };
      return new Sender({ ...parts, name: `client-${index}`, connection: await scene.connect() });
    }),
  );
  const senderOf = (place: number): Sender => senders[place % senders.length] as Sender;
  for (const [place, one] of planned.entries()) senderOf(place).sendAt(one.at * plan.durationMs, one);
  const questions = new Questions(connection, subjects);
  const addresses = [...new Set([...planned, ...rushes.flat()].map(({ to }) => to))];
  const wandering = questions.wander(addresses, new Draw(plan.seed, 'questions'), history);
  const lane = async (faults: readonly PlannedFault[]): Promise<void> => {
    for (const fault of faults) {
      await lasting(fault.afterMs);
      for (const [place, one] of (rushes.pop() ?? []).entries()) void senderOf(place).send(one);
      await lasting(fault.rushedMs);
      scene.note(`${fault.name} begins`);
      const met = await STRIKES[fault.name](fault, scene, senders[0] as Sender);
      scene.note(`${fault.name} is over${met ? '' : ', and met nothing'}`);
      if (met) struck[fault.name] = (struck[fault.name] ?? 0) + 1;
    }
  };
  await Promise.all([lane(plan.node), lane(plan.broker), lasting(plan.durationMs)]);
  questions.stop();
  await wandering;
  scene.note('no more faults');
  const problems: string[] = [];
  const answers: FinalAnswer[] = [];
  let isSettled = await rests('after the faults');
  if (isSettled) {
    answers.push(...(await askAll('settled')));
    const { data } = fleet.serving.setup;
    await fleet.restart({ between: () => rmSync(join(data, 'shards'), { recursive: true, force: true }) });
    isSettled = await rests('with an empty disk');
    if (isSettled) answers.push(...(await askAll('reloaded')));
  }
  for (const sender of senders) sender.stop();
  const judged = await judgeRun({ scene, recorders, answers, isSettled });
  return { problems: [...problems, ...judged.problems], counts: judged.counts };

  async function rests(when: string): Promise<boolean> {
    const left = await settled(scene, senders, questions);
    scene.note(`${left === undefined ? 'settled' : 'not settled'} ${when}`);
    if (left !== undefined) problems.push(`settling ${when}: ${left}`);
    return left === undefined;
  }

  async function askAll(when: FinalAnswer['when']): Promise<FinalAnswer[]> {
    const found: FinalAnswer[] = [];
    for (const address of addresses) {
      const answer = await questions.final(address, partitionOfAddress(address, plan.partitions), when);
      if (answer === undefined) problems.push(`answers: ${address} does not answer (${when})`);
      else found.push(answer);
    }
    return found;
  }
}

/**
 * Half of the messages come evenly. The others come in rushes, one right before each fault: what is in the middle of
 * something is what a fault can break.
 */
function plannedTraffic({ seed, messages, node, broker }: Plan) {
  const draw = new Draw(seed, 'workloads');
  const chosen = draw.some(WORKLOADS, 0.6);
  const workloads = [...(chosen.length === 0 ? [draw.pick(WORKLOADS)] : chosen), runaways];
  const all = workloads
    .flatMap(({ name, plan }) =>
      plan(new Draw(seed, `workload ${name}`), Math.ceil(messages / workloads.length)).map(withShortTimer),
    )
    .sort((a, b) => a.at - b.at);
  const planned: Planned[] = [];
  const rushes: Planned[][] = [...node, ...broker].map(() => []);
  for (const one of all)
    if (one.at === 0 || rushes.length === 0 || draw.chance(0.5)) planned.push(one);
    else draw.pick(rushes).push(one);
  return { planned, rushes };
}

function withShortTimer(planned: Planned): Planned {
  if (!('message' in planned.what)) return planned;
  const message = planned.what.message as { readonly type: string; readonly delayMs?: number };
  if (message.delayMs === undefined) return planned;
  const delayMs = message.delayMs % LONGEST_TIMER_MS;
  return { ...planned, what: { message: { ...message, delayMs } as { type: string } } };
}
