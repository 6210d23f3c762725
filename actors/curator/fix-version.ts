/** Decides what a version holds: in one turn, from what waits then. */
import { formatAddress } from '../../protocol/address.ts';
import { cancel, now } from '../../runtime/effects.ts';
import { type Manifest, versionName } from '../dataset/manifest.ts';
import type { CuratorSettings } from '../settings.ts';
import { balance } from './balance.ts';
import { partFor } from './basal.ts';
import type { Context } from './curator.ts';
import { GATES } from './gates.ts';
import { members, numberKey, waiting } from './tables.ts';

/** Examples of one version at most: a turn changes two rows for each. */
const MEMBERS_MAX = 400;
/** Waiting examples looked at for one version. */
const SCAN_MAX = 2_000;

/** Decides what the next version holds. From here on its contents cannot change. */
export function fixVersion(context: Context, reason: string, settings: CuratorSettings): Context {
  const available = [...waiting.range({ limit: SCAN_MAX })].map(([key, { domain }]) => ({ key, domain }));
  const chosen = balance(available, MEMBERS_MAX, settings);
  const version = context.versions + 1;
  for (const { key } of chosen) {
    members.put(`${numberKey(version)}|${key}`, true);
    waiting.delete(key);
  }
  cancel('publish');
  const before = context.atLastVersion;
  const part = partFor(context, chosen.length, settings);
  const gates: Manifest['gates'] = GATES.filter((gate) => gate !== 'balance' && gate !== 'mix').map(
    (gate) => ({
      gate,
      passed: context.gates[gate].passed - before.gates[gate].passed,
      refused: context.gates[gate].refused - before.gates[gate].refused,
    }),
  );
  const held = available.length - chosen.length;
  const { balance: balanced, mix } = context.gates;
  const totals = {
    ...context.gates,
    balance: { passed: balanced.passed + chosen.length, refused: balanced.refused + held },
    mix: { passed: mix.passed + (part?.count ?? 0), refused: mix.refused },
  };
  const { lastManifestSha256 } = context;
  return {
    ...context,
    gates: totals,
    waiting: context.waiting - chosen.length,
    fresh: 0,
    again: null,
    failures: 0,
    basal: { ...context.basal, taken: context.basal.taken + (part?.count ?? 0) },
    atLastVersion: { gates: totals, masked: context.masked },
    publishing: {
      curator: formatAddress('curator', context.key),
      version,
      name: versionName(version),
      publishedAt: new Date(now()).toISOString(),
      reason,
      previous:
        lastManifestSha256 === null
          ? null
          : { version: context.versions, manifestSha256: lastManifestSha256 },
      examples: chosen.length,
      basal: part,
      gates: [
        ...gates,
        { gate: 'balance', passed: chosen.length, refused: held },
        ...(part === null ? [] : [{ gate: 'mix', passed: part.count, refused: 0 }]),
      ],
      masked: context.masked - before.masked,
    },
  };
}
