/** All checkers over one run; each violation begins with the name of the rule. */
import type { Address } from '../../../protocol/address.ts';
import { partitionOfAddress } from '../../../runtime/outbox.ts';
import type { Reference } from '../reference.ts';
import { replayAndCompare } from './answers.ts';
import { conservation } from './conservation.ts';
import { exactlyOnce } from './exactly-once.ts';
import { freshness } from './freshness.ts';
import { canonical, type Evidence } from './judgement.ts';
import { publications } from './publications.ts';
import { singleWriter } from './single-writer.ts';
import { trimming } from './trimming.ts';

export function judge(evidence: Evidence): string[] {
  const { history, answers, partitions } = evidence;
  const claimed = [
    ...history.answered.map((answer) => ({ ...answer, who: answer.owner })),
    ...answers.map((answer) => ({
      ...answer,
      who: `when ${answer.when}, its owner`,
      said: canonical(answer.value),
    })),
  ].map((answer) => ({ ...answer, partition: partitionOfAddress(answer.address as Address, partitions) }));
  const replays = Array.from({ length: partitions }, (_, id) =>
    replayAndCompare(
      evidence,
      id,
      claimed.filter(({ partition }) => partition === id),
    ),
  );
  const references = replays.map(({ reference }) => reference);
  return [
    ...named('single writer', singleWriter(evidence)),
    ...named('trimming', trimming(evidence)),
    ...named(
      'answers',
      replays.flatMap(({ wrong }) => wrong),
    ),
    ...named('freshness', freshness(evidence)),
    ...named('exactly once', exactlyOnce(evidence, references)),
    ...named('publications', publications(evidence, references)),
    ...named('conservation', conservation(evidence)),
    ...named(
      'leftovers',
      evidence.isSettled ? [...references.flatMap(leftovers), ...halfWatches(references)] : [],
    ),
  ];
}

/** What a settled world cannot have: timers and tasks that nobody will end. */
function leftovers({ timers, tasks }: Reference): string[] {
  return [
    ...[...timers.keys()].map((name) => `timer ${name} never fired`),
    ...[...tasks.keys()].map((id) => `task ${id} never ended`),
  ];
}

/** A watch stands with both sides, under one number, or with none. */
function halfWatches(references: readonly Reference[]): string[] {
  const stand = (side: 'watching' | 'watchers'): string[] =>
    references.flatMap((reference) => [...reference[side]].map(([name, number]) => `${name} ${number}`));
  const [watching, watchers] = [new Set(stand('watching')), new Set(stand('watchers'))];
  return [...watching.symmetricDifference(watchers)].map((name) => `only one side knows the watch ${name}`);
}

function* named(rule: string, wrong: Iterable<string>): Generator<string> {
  for (const line of wrong) yield `${rule}: ${line}`;
}
