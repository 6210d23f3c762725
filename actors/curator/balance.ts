/** Which of the waiting examples make a version without one domain dominating it, as a pure function. */
import type { CuratorSettings } from '../settings.ts';

export interface WaitingExample {
  readonly key: string;
  readonly domain: string;
}

/**
 * With fewer than four domains, everything; otherwise the largest choice in which no domain has more than
 * 30 %, the oldest of each domain first. What does not fit waits for the next version.
 *
 * The largest choice is the greatest size T that equals Σ min(count of a domain, ⌊0.3 · T⌋); starting from
 * all, each step can only shrink it, and with four domains it never falls below four.
 */
export function balance(
  waiting: readonly WaitingExample[],
  max: number,
  settings: CuratorSettings,
): WaitingExample[] {
  const counts = new Map<string, number>();
  for (const { domain } of waiting) counts.set(domain, (counts.get(domain) ?? 0) + 1);
  if (counts.size < settings.balanceDomains) return waiting.slice(0, max);
  let size = Math.min(max, waiting.length);
  let perDomain = capOf(size, settings);
  for (;;) {
    const fitting = fit(counts, perDomain);
    if (fitting >= size) break;
    size = fitting;
    perDomain = capOf(size, settings);
  }
  const taken = new Map<string, number>();
  const members: WaitingExample[] = [];
  for (const example of waiting) {
    const count = taken.get(example.domain) ?? 0;
    if (count >= perDomain || members.length >= size) continue;
    taken.set(example.domain, count + 1);
    members.push(example);
  }
  return members;
}

/** At least one: a share of a very small version is less than one example. */
const capOf = (size: number, settings: CuratorSettings): number =>
  Math.max(1, Math.floor(size * settings.domainShare));

function fit(counts: ReadonlyMap<string, number>, perDomain: number): number {
  let size = 0;
  for (const count of counts.values()) size += Math.min(count, perDomain);
  return size;
}
