/** Whoever is innocent of a shard's end is not skipped: verdicts name runaway messages only, and each of those. */
import { decode } from '../../../protocol/codec.ts';
import type { LogEntry, Verdict } from '../../../runtime/log.ts';
import { RUNAWAY_TYPES } from './runaways.ts';

export function checkVerdicts(
  entries: readonly (readonly LogEntry[])[],
  verdicts: readonly Verdict[],
): string[] {
  const guilty = new Set<string>();
  for (const [partition, all] of entries.entries())
    for (const { seq, place, data } of all)
      if (place.kind === 'message' && place.actorKind === 'runaway' && isRunaway(data))
        guilty.add(`${partition}.${seq}.0`);
  return verdicts
    .map((verdict) => ({ ...verdict, place: `${verdict.partition}.${verdict.entry}.${verdict.index}` }))
    .filter(({ place }) => !guilty.has(place))
    .map(({ place, code, detail }) => `verdict on ${place} (${code}: ${detail}), which does no harm`);
}

function isRunaway(data: Uint8Array): boolean {
  const { type } = decode(data) as { type?: string };
  return RUNAWAY_TYPES.some((known) => known === type);
}
