/** Decay towards neutral: a standing that nobody confirms any more fades. */
import type { ReputationSettings } from '../settings.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Closer to neutral than this counts as neutral, so that decay ends. */
const NEGLIGIBLE = 0.0005;

/** How often a score has decayed after so much inactivity: first after `decayAfterMs`, then once a day. */
export function decaysAfter(idleMs: number, settings: ReputationSettings): number {
  return idleMs < settings.decayAfterMs ? 0 : 1 + Math.floor((idleMs - settings.decayAfterMs) / DAY_MS);
}

/** Milliseconds of inactivity at which decay number `decays + 1` is due. */
export function nextDecayAtMs(decays: number, settings: ReputationSettings): number {
  return settings.decayAfterMs + decays * DAY_MS;
}

/** The score after `times` days of decay: its distance from neutral shrinks to 0.95 of itself each day. */
export function decayed(score: number, times: number, settings: ReputationSettings): number {
  const distance = (score - settings.start) * settings.decayPerDay ** times;
  return Math.abs(distance) < NEGLIGIBLE
    ? settings.start
    : Math.round((settings.start + distance) * 1e6) / 1e6;
}
