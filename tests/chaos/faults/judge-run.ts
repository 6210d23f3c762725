/** All checkers over what was recorded of a run; each violation begins with the name of the rule. */
import type { Address } from '../../../protocol/address.ts';
import type { Verdict } from '../../../runtime/log.ts';
import { replayActor } from '../../../runtime/replay.ts';
import { archiveLog } from '../../simulation/archive-log.ts';
import { judge } from '../../simulation/checkers/judge.ts';
import { few, type FinalAnswer } from '../../simulation/checkers/judgement.ts';
import { Draw } from '../../simulation/draw.ts';
import { MODELS } from '../../simulation/workloads/all.ts';
import system from './app.ts';
import { checkHeads } from './check-heads.ts';
import { checkVerdicts } from './check-verdicts.ts';
import { recordMailbox, recordPublished } from './past.ts';
import type { Recorder } from './recorder.ts';
import { runaways } from './runaways.ts';
import type { Scene } from './scene.ts';

export interface Recorded {
  readonly scene: Scene;
  readonly recorders: Readonly<Record<'mailbox' | 'state' | 'event' | 'dead', Recorder>>;
  readonly answers: readonly FinalAnswer[];
  readonly isSettled: boolean;
}

export interface Judged {
  readonly problems: string[];
  readonly counts: Record<string, number>;
}

export async function judgeRun({ scene, recorders, answers, isSettled }: Recorded): Promise<Judged> {
  const { history, subjects, plan, fleet, broker } = scene;
  const [mailbox, state, events, dead] = await Promise.all([
    recorders.mailbox.finish(),
    recorders.state.finish(),
    recorders.event.finish(),
    recorders.dead.finish(),
  ]);
  const verdicts = recordMailbox(history, subjects, mailbox);
  const published = recordPublished(history, [...events, ...dead]);
  const models = { ...MODELS, ...runaways.models };
  const problems = [
    ...judge({ history, published, verdicts, models, partitions: plan.partitions, answers, isSettled }),
    ...few(checkHeads(state, history, subjects)).map((line) => `heads: ${line}`),
    ...checkVerdicts(history.entries, verdicts).map((line) => `verdicts: ${line}`),
    ...few(recorders.mailbox.replaced).map((line) => `taken back: ${line}`),
    ...few(sameAfterReload(answers)).map((line) => `reload: ${line}`),
    ...(isSettled ? await sameAsReplay(scene, answers, verdicts) : []).map((line) => `replay: ${line}`),
  ];
  const counts = {
    entries: history.entries.reduce((sum, { length }) => sum + length, 0),
    acknowledged: history.intended.filter(({ seq }) => seq !== undefined).length,
    answersDuringFaults: history.answered.length,
    events: published.size,
    publishedAgain: events.length + dead.length - published.size,
    verdicts: verdicts.length,
    claims: history.changes.filter(({ what }) => what === 'claim').length,
    heads: state.length,
    nodeEndedItself: fleet.collapses,
    brokerEndedItself: broker.collapses,
    formerOwnersStoodDown: fleet.stepped.down,
    formerOwnersStayed: fleet.stepped.not,
  };
  return { problems, counts };
}

function sameAfterReload(answers: readonly FinalAnswer[]): string[] {
  const reloaded = new Map(
    answers.flatMap(({ when, address, stateHash }) =>
      when === 'reloaded' ? [[address, stateHash] as const] : [],
    ),
  );
  return answers
    .filter(({ when, address, stateHash }) => {
      const again = reloaded.get(address);
      return when === 'settled' && again !== undefined && again !== stateHash;
    })
    .map(({ address }) => `${address} has another state hash after it was loaded from the broker`);
}

/** The production replay over everything that was ever in the log gives the state that the node had. */
async function sameAsReplay(
  { plan, history, subjects }: Scene,
  answers: readonly FinalAnswer[],
  verdicts: readonly Verdict[],
): Promise<string[]> {
  const addresses = [...new Set(answers.map(({ address }) => address))];
  if (addresses.length === 0) return [];
  const address: Address = new Draw(plan.seed, 'replay').pick(addresses);
  const log = archiveLog(history.entries, verdicts);
  const { hash } = await replayActor({ log, system, subjects, partitions: plan.partitions, address });
  return answers
    .filter((answer) => answer.address === address && answer.stateHash !== hash)
    .map(({ when }) => `${address} has another state hash than its replay (${when})`);
}
