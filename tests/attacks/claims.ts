/** What docs/reputation.md claims of each run, so that a campaign can say where it does not hold. */
import { defaultPipelineSettings } from '../../actors/settings.ts';
import type { Attack } from './attacks.ts';
import { type AttackRun, SHOWN_CYCLES } from './measure.ts';

type Claim = (run: AttackRun) => string | undefined;

const { start, acceptanceMax } = defaultPipelineSettings.reputation;

const fallsWithinThreeCycles: Claim = ({ scores, honestScores }) => {
  const at = SHOWN_CYCLES.indexOf(3);
  const [score = 1, honest = 0] = [scores[at], honestScores[at]];
  return score <= 0.8 * honest ? undefined : `${score} after 3 cycles is not 20 % below ${honest}`;
};
const isNotPumped: Claim = ({ scores }) => {
  const highest = Math.max(...scores);
  return highest <= start + acceptanceMax + 1e-9 ? undefined : `its score was pumped up to ${highest}`;
};
const isAccused: Claim = (run) => (run.isAccused ? undefined : 'it was not flagged');
const isNotAccused: Claim = (run) =>
  run.isAccused ? 'it was flagged or penalised and is honest' : undefined;

const CLAIMS: Readonly<Record<string, Claim>> = {
  honest: isNotAccused,
  unlucky: isNotAccused,
  inflate: fallsWithinThreeCycles,
  flood: isNotPumped,
  'loud ring': isAccused,
  'quiet ring': isNotPumped,
  'loud slander': isAccused,
  'many names': isAccused,
};

/** The claims about the attack that the run refutes. */
export function findBrokenClaims({ name }: Attack, run: AttackRun): string[] {
  const broken = CLAIMS[name]?.(run);
  return broken === undefined ? [] : [broken];
}
