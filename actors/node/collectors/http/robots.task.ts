/**
 * What a site's robots.txt lets us fetch (RFC 9309). Rules are kept for a while; whoever answers 4xx has none, and
 * whoever cannot be reached, or answers 5xx, lets us fetch nothing for now.
 */
import robotsParser from 'robots-parser';
import { Unreadable } from '../collector.ts';
import { get, type GetOptions } from './get.ts';

/** The package's types know no CommonJS default. */
const parseRobots = robotsParser as unknown as typeof robotsParser.default;

/** `unreachable`: nobody said what is allowed. */
export type Verdict = 'allowed' | 'disallowed' | 'unreachable';

export interface RobotsOptions {
  readonly ttlMs: number;
  /** Of a longer file the beginning counts. */
  readonly maxBytes: number;
}

interface Kept {
  readonly rules: Promise<(url: URL) => Verdict>;
  readonly untilMs: number;
}

/** Origins whose rules are remembered at a time. */
const ORIGINS = 1_000;
/** Rules that could not be had are asked for again sooner. */
const UNREACHABLE_MS = 60_000;

export class Robots {
  readonly #options: RobotsOptions;
  readonly #nowMs: () => number;
  readonly #kept = new Map<string, Kept>();

  constructor(options: RobotsOptions, nowMs: () => number = () => performance.now()) {
    this.#options = options;
    this.#nowMs = nowMs;
  }

  /** Throws {@link Unreadable} (`private_address`) for a site that may not be asked at all, and the signal's reason. */
  async verdict(url: URL, options: Omit<GetOptions, 'mayGet' | 'headersFor'>): Promise<Verdict> {
    // Whoever may ask private addresses learns what the others may not.
    const key = `${options.allowPrivate ? 'open' : 'guarded'} ${url.origin}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.untilMs > this.#nowMs()) return (await kept.rules)(url);
    const rules = this.#load(url, options);
    this.#keep(key, { rules, untilMs: this.#nowMs() + this.#options.ttlMs });
    try {
      const verdict = (await rules)(url);
      if (verdict === 'unreachable')
        this.#keep(key, {
          rules,
          untilMs: this.#nowMs() + Math.min(UNREACHABLE_MS, this.#options.ttlMs),
        });
      return verdict;
    } catch (error) {
      this.#kept.delete(key);
      throw error;
    }
  }

  #keep(key: string, kept: Kept): void {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= ORIGINS) break;
      this.#kept.delete(oldest);
    }
  }

  async #load(url: URL, options: Omit<GetOptions, 'mayGet' | 'headersFor'>): Promise<(url: URL) => Verdict> {
    const place = new URL('/robots.txt', url);
    try {
      const answer = await get(place, options);
      if (answer.status >= 500) return discarded(answer, 'unreachable');
      // Other redirects than those that were followed lead to no rules either.
      if (answer.status >= 300) return discarded(answer, 'allowed');
      const text = Buffer.from(await answer.body(this.#options.maxBytes, 'cut')).toString();
      const rules = parseRobots(place.href, text);
      const agent = options.userAgent.split(/[\s/]/, 1)[0] ?? '';
      return (asked) => (rules.isAllowed(asked.href, agent) === false ? 'disallowed' : 'allowed');
    } catch (thrown) {
      if (!(thrown instanceof Unreadable) || thrown.reason === 'private_address') throw thrown;
      // RFC 9309: who redirects too often is treated as one without rules.
      return () => (thrown.reason === 'too_many_redirects' ? 'allowed' : 'unreachable');
    }
  }
}

async function discarded(answer: { discard(): Promise<void> }, verdict: Verdict): Promise<() => Verdict> {
  await answer.discard();
  return () => verdict;
}
