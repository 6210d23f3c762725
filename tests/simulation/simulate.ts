/**
 * One run: faults rule while messages are sent; then they end, and everything must settle; then a shard with an
 * empty disk must make the same of what the broker holds. What happened is judged when it is over.
 */
import type { Address } from '../../protocol/address.ts';
import { toBanyanError } from '../../protocol/errors.ts';
import { replayActor } from '../../runtime/replay.ts';
import { archiveLog } from './archive-log.ts';
import { cover } from './cover.ts';
import { judge } from './checkers/judge.ts';
import type { FinalAnswer } from './checkers/judgement.ts';
import { Draw } from './draw.ts';
import { Injector } from './inject.ts';
import { type Scenario, scenarioOf } from './scenario.ts';
import { subjects, system, World } from './world.ts';
import { MODELS } from './workloads/all.ts';

export interface Outcome {
  readonly scenario: Scenario;
  /** A fingerprint of everything that happened: the same scenario gives the same one. */
  readonly hash: string;
  readonly violations: readonly string[];
  readonly coverage: Readonly<Record<string, number>>;
  readonly stats: {
    readonly events: number;
    readonly entries: number;
    readonly virtualMs: number;
  };
  /** Everything that happened, line by line. */
  readonly notes: readonly string[];
}

/** Work that is left this long after the last fault will never be done. */
const SETTLE_MS = 10 * 60_000;
const LOOK_MS = 250;
const ANSWER_MS = 60_000;
/** Looks in a row that find nothing to do. */
const CALM_LOOKS = 3;

export async function simulate(given: number | Scenario): Promise<Outcome> {
  const scenario = typeof given === 'number' ? scenarioOf(given) : given;
  const world = new World(scenario);
  const injector = new Injector(world);
  const violations: string[] = [];
  const answers: FinalAnswer[] = [];
  world.begin();
  injector.begin();
  await pass(world, scenario.durationMs);
  injector.end();
  let isSettled = await settle(world, 'after the faults', violations);
  if (isSettled) {
    answers.push(...(await finalAnswers(world, 'settled', violations)));
    await startOver(world, violations);
    isSettled = await settle(world, 'with an empty disk', violations);
    if (isSettled) {
      answers.push(...(await finalAnswers(world, 'reloaded', violations)));
      world.coverage.count('loaded from nothing but the broker');
    }
  }
  world.end();
  for (const machine of world.machines) machine.retire();
  const verdicts = await world.broker.log.verdicts();
  violations.push(
    ...judge({
      history: world.history,
      published: world.broker.log.published,
      verdicts,
      models: MODELS,
      partitions: scenario.partitions,
      answers,
      isSettled,
    }),
    ...(await replayed(world, answers)),
  );
  cover(world.history, world.coverage);
  return {
    scenario,
    hash: world.hash(),
    violations,
    coverage: world.coverage.toJSON(),
    stats: {
      events: world.scheduler.count,
      entries: world.history.entries.reduce((sum, { length }) => sum + length, 0),
      virtualMs: world.nowMs,
    },
    notes: world.history.notes,
  };
}

async function pass(world: World, ms: number): Promise<void> {
  await world.scheduler.run(world.scheduler.nowMs + ms, () => false);
}

async function settle(world: World, when: string, violations: string[]): Promise<boolean> {
  const untilMs = world.scheduler.nowMs + SETTLE_MS;
  let calm = 0;
  while (calm < CALM_LOOKS && world.scheduler.nowMs < untilMs) {
    await pass(world, LOOK_MS);
    calm = world.unsettled() === undefined ? calm + 1 : 0;
  }
  if (calm === CALM_LOOKS) return true;
  violations.push(
    `settling ${when}: ${SETTLE_MS / 60_000} minutes later ${world.unsettled() ?? 'it is not calm'}`,
  );
  return false;
}

/** Asks every actor that a message was planned for. */
async function finalAnswers(
  world: World,
  when: FinalAnswer['when'],
  violations: string[],
): Promise<FinalAnswer[]> {
  const answers: FinalAnswer[] = [];
  for (const address of world.addresses) {
    const { shard } = world.ownerOf(address);
    if (shard === undefined) continue;
    try {
      const asked = shard.view.ask(address, 'all', {});
      // An owner that has not looked lately asks the broker first, which takes time.
      let isAnswered = false;
      const ended = (): void => void (isAnswered = true);
      asked.then(ended, ended);
      await world.scheduler.run(world.scheduler.nowMs + ANSWER_MS, () => isAnswered);
      const { value, cursor } = await asked;
      const { hash, partition } = shard.view.stateHash(address);
      answers.push({ address, partition, value: structuredClone(value), stateHash: hash, cursor, when });
    } catch (error) {
      violations.push(`answers: ${address} does not answer (${when}): ${toBanyanError(error).message}`);
    }
  }
  return answers;
}

/** Every machine stops; then the first has everything, and an empty disk. */
async function startOver(world: World, violations: string[]): Promise<void> {
  let stopped = 0;
  for (const machine of world.machines)
    void machine.stop(5_000, Number.POSITIVE_INFINITY).then(() => stopped++);
  const all = (): boolean => stopped === world.machines.length;
  if (!(await world.scheduler.run(world.scheduler.nowMs + 60_000, all)))
    violations.push('stopping: a machine did not stop within a minute');
  world.placement.fill(0);
  world.machines[0]?.renew();
}

/** The production replay over everything that was ever in the log gives the state that shards had. */
async function replayed(world: World, answers: readonly FinalAnswer[]): Promise<string[]> {
  const wrong: string[] = [];
  const log = archiveLog(world.history.entries, await world.broker.log.verdicts());
  const draw = new Draw(world.scenario.seed, 'replay');
  const addresses = [...new Set(answers.map(({ address }) => address))];
  if (addresses.length === 0) return wrong;
  const address: Address = draw.pick(addresses);
  const { partitions } = world.scenario;
  const { hash } = await replayActor({ log, system, subjects, partitions, address });
  for (const answer of answers)
    if (answer.address === address && answer.stateHash !== hash)
      wrong.push(`replay: ${address} has another state hash than its replay (${answer.when})`);
  for (const { address: other, stateHash } of answers.filter(({ when }) => when === 'settled')) {
    const again = answers.find((answer) => answer.address === other && answer.when === 'reloaded');
    if (again !== undefined && again.stateHash !== stateHash)
      wrong.push(`replay: ${other} has another state hash after it was loaded from the broker`);
  }
  return wrong;
}
