/** What a person sees while it works: totals and speed, on one line of a terminal or now and then in the log. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { formatAddress } from '../../../protocol/address.ts';
import type { BanyanClient } from '../../client/connect.ts';
import type { ProgressLine } from '../progress-line.ts';

const TERMINAL_MS = 1_000;
const LOG_MS = 10_000;

interface Totals {
  readonly collected: number;
  readonly accepted: number;
  readonly scenarios: number;
  readonly examples: number;
}

/** Reports until the signal aborts; never throws: progress is no reason to stop. */
export async function reportProgress(
  client: BanyanClient,
  line: ProgressLine,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  let before: Totals | undefined;
  let beforeMs = performance.now();
  while (!signal.aborted) {
    const totals = await readTotals(client).catch(() => undefined);
    const nowMs = performance.now();
    if (totals !== undefined) {
      const perSecond = rate(before, totals, nowMs - beforeMs);
      if (line.enabled) line.show(formatProgress(totals, perSecond));
      else if (before !== undefined && JSON.stringify(before) !== JSON.stringify(totals)) {
        log.info({ ...totals, perSecond }, 'progress');
      }
      before = totals;
      beforeMs = nowMs;
    }
    await delay(line.enabled ? TERMINAL_MS : LOG_MS, undefined, { signal }).catch(() => {});
  }
  line.end();
}

function rate(before: Totals | undefined, { collected }: Totals, elapsedMs: number): number {
  if (before === undefined || elapsedMs <= 0) return 0;
  return Math.round(((collected - before.collected) * 1_000) / elapsedMs);
}

export function formatProgress(
  { collected, accepted, scenarios, examples }: Totals,
  perSecond: number,
): string {
  const count = (value: number): string => value.toLocaleString('en');
  return (
    `${count(collected)} collected · ${count(accepted)} accepted · ${count(scenarios)} scenarios · ` +
    `${count(examples)} examples · ${count(perSecond)}/s · Ctrl-C stops`
  );
}

async function readTotals(client: BanyanClient): Promise<Totals> {
  const stats = async (kind: string): Promise<Readonly<Record<string, unknown>>> =>
    (await client.ask<Record<string, unknown>>(formatAddress(kind, 'main'), 'stats').catch(() => undefined))
      ?.value ?? {};
  const [intake, phoenix, curator] = await Promise.all([stats('intake'), stats('phoenix'), stats('curator')]);
  return {
    collected: number(intake['collected']),
    accepted: number(intake['accepted']),
    scenarios: number(phoenix['fed']),
    examples: number(curator['examples']) + number(curator['waiting']),
  };
}

const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
