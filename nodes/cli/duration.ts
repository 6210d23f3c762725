/** Durations as people write them on a command line. */
import { BanyanError } from '../../protocol/errors.ts';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** `500ms`, `10s`, `2m`, `1h`; a bare number counts seconds. Milliseconds; throws `usage`. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/.exec(text.trim());
  const ms = match === null ? Number.NaN : Number(match[1]) * UNITS[(match[2] ?? 's') as keyof typeof UNITS];
  if (Number.isFinite(ms) && ms > 0) return Math.ceil(ms);
  throw new BanyanError('usage', {
    message: `${JSON.stringify(text)} is not a duration.`,
    hint: 'Write it as 500ms, 10s, 2m or 1h.',
  });
}
