/** What holds in every run, whatever the seed: not chance but a bound or a rule. The rest is in the table as a rate. */
import { defaultPipelineSettings } from '../../actors/settings.ts';
import type { Attack } from './attacks.ts';
import type { AttackRun } from './measure.ts';

type Claim = (run: AttackRun) => string | undefined;

const { start, acceptanceMax, votesMax } = defaultPipelineSettings.reputation;

const isNotPumped: Claim = ({ scores }) => {
  const highest = Math.max(...scores);
  const allowed = start + acceptanceMax + votesMax;
  return highest <= allowed + 1e-9 ? undefined : `its score was pumped up to ${highest}`;
};
const isFlagged: Claim = (run) => (run.isAccused ? undefined : 'it was not flagged');

const CLAIMS: Readonly<Record<string, Claim>> = {
  flood: isNotPumped,
  'quiet ring': isNotPumped,
  'loud ring': isFlagged,
  'loud slander': isFlagged,
  'many names': isFlagged,
};

/** The claims about the attack that the run refutes. */
export function findBrokenClaims({ name }: Attack, run: AttackRun): string[] {
  const broken = CLAIMS[name]?.(run);
  return broken === undefined ? [] : [broken];
}
