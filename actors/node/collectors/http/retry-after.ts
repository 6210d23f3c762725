/** When a server that takes no more requests wants to be asked again. */

interface Headers {
  get(name: string): string | null;
}

/**
 * `Retry-After` in milliseconds, at least one second and at most `maxMs`; undefined without a readable one. A date is
 * taken relative to the server's own `Date`: its clock and ours need not agree. RFC 9110, 10.2.3.
 */
export function retryAfterMs(headers: Headers, maxMs: number): number | undefined {
  const text = headers.get('retry-after')?.trim();
  if (text === undefined || text === '') return undefined;
  const waitMs = /^\d+$/.test(text)
    ? Number(text) * 1_000
    : Date.parse(text) - Date.parse(headers.get('date') ?? '');
  return Number.isFinite(waitMs) ? Math.min(Math.max(1_000, waitMs), maxMs) : undefined;
}
