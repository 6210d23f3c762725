/** What an attack achieved over many seeds, next to a pipeline without reputation and to the same nodes being honest. */
import { defaultPipelineSettings, type ReputationSettings } from '../../actors/settings.ts';
import { type Attack, CYCLES, HONEST } from './attacks.ts';
import { noReputations, reputationValues } from './reputations.ts';
import { type CycleRecord, runWorld, START_MS } from './world.ts';

/** Cycles after which the table shows scores. */
export const SHOWN_CYCLES = [1, 3, 10, 30] as const;
/** This share of an equally good honest node's score is "20 % below" it. */
const FALLEN = 0.8;

export interface AttackRun {
  /** Of the attacker (the victim of slander) at {@link SHOWN_CYCLES}, attacking and honest. */
  readonly scores: readonly number[];
  readonly honestScores: readonly number[];
  /** Cycles until it is flagged, penalised, or 20 % below a newcomer or itself being honest; null: never. */
  readonly detectedAfter: number | null;
  /** Whether a flag or a penalty did it, at any time. */
  readonly isAccused: boolean;
  /** Share of what was fed that is the attacker's and bad: with reputation, without, and were it honest. */
  readonly harm: Harm;
  /** The same of the feeder's candidates. */
  readonly harmInTop: Harm;
  /** The share of its scenarios that the victim lost; without reputation votes take nothing. */
  readonly lost: number;
  /** Honest nodes, not counting a victim: how many, flagged or penalised ever, 20 % below the peaceful run at the end. */
  readonly honest: { readonly nodes: number; readonly accused: number; readonly fallen: number };
}

interface Harm {
  readonly on: number;
  readonly off: number;
  readonly absent: number;
}

/** Runs one attack from one seed three times: with reputation, without, and with honest nodes in its place. */
export function runAttack(
  attack: Attack,
  seed: number,
  settings: ReputationSettings = defaultPipelineSettings.reputation,
): AttackRun {
  const on = runWorld(attack, seed, reputationValues(START_MS, settings));
  const absent = runWorld(attack, seed, reputationValues(START_MS, settings), { isHonest: true });
  const off = runWorld(attack, seed, noReputations());
  const detected = on.findIndex(
    ({ subject, subjectAccused }, cycle) =>
      cycle >= attack.beginsAt &&
      (subjectAccused || subject <= FALLEN * Math.max(settings.start, absent[cycle]?.subject ?? 0)),
  );
  const share = (of: (records: readonly CycleRecord[]) => number): Harm => ({
    on: of(on),
    off: of(off),
    absent: of(absent),
  });
  const fedOfVictim = (records: readonly CycleRecord[]): number =>
    sum(records, (record) => record.fedOfVictim);
  const lost = (attacked: readonly CycleRecord[], otherwise: readonly CycleRecord[]): number =>
    attack.victim === undefined ? 0 : 1 - fedOfVictim(attacked) / Math.max(1, fedOfVictim(otherwise));
  const honest = HONEST.map(({ node }) => node).filter((node) => node !== attack.victim);
  const last = (records: readonly CycleRecord[], node: string): number =>
    records.at(-1)?.effective.get(node) ?? 0;
  return {
    scores: SHOWN_CYCLES.map((cycle) => on[cycle - 1]?.subject ?? 0),
    honestScores: SHOWN_CYCLES.map((cycle) => absent[cycle - 1]?.subject ?? 0),
    detectedAfter: detected < 0 ? null : detected - attack.beginsAt + 1,
    isAccused: on.some(({ subjectAccused }) => subjectAccused),
    harm: share((records) => sum(records, ({ harmful }) => harmful) / sum(records, ({ fed }) => fed)),
    harmInTop: share((records) => sum(records, ({ harmfulInTop }) => harmfulInTop) / CYCLES),
    lost: lost(on, absent),
    honest: {
      nodes: honest.length,
      accused: honest.filter((node) => on.some(({ accused }) => accused.has(node))).length,
      fallen: honest.filter((node) => last(on, node) <= FALLEN * last(absent, node)).length,
    },
  };
}

function sum(records: readonly CycleRecord[], of: (record: CycleRecord) => number): number {
  return records.reduce((total, record) => total + of(record), 0);
}
