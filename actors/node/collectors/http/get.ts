/** One GET as the collector makes it: every hop is checked, nothing larger than the limit is kept, time is limited. */
import { fetch, type Response } from 'undici';
import { Unreadable } from '../collector.ts';
import { dispatcherFor, PrivateAddress, refusePrivateHost } from './address-guard.ts';

export interface GetOptions {
  readonly userAgent: string;
  readonly allowPrivate: boolean;
  readonly redirectsMax: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** More for a URL that is asked for, such as what makes the request conditional. */
  readonly headersFor?: (url: URL) => Readonly<Record<string, string>>;
  /** Called for every hop before it is asked for; throws to refuse it. */
  readonly mayGet?: (url: URL) => Promise<void> | void;
}

export interface Answer {
  /** After all redirects. */
  readonly url: URL;
  readonly status: number;
  readonly headers: Response['headers'];
  /** Throws {@link Unreadable} (`too_large`) as soon as the body is larger; with `cut`, gives what fits instead. */
  body(maxBytes: number, cut?: 'cut'): Promise<Uint8Array>;
  /** Reads nothing of the body. */
  discard(): Promise<void>;
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Throws {@link Unreadable}: `private_address`, `not_http`, `too_many_redirects`, `bad_redirect`, and with
 * `transient` `timeout` or the network's own code, such as `ECONNREFUSED`. Throws the signal's reason when it aborts.
 */
export async function get(from: URL, options: GetOptions): Promise<Answer> {
  const late = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([options.signal, late]);
  const guarded = <T>(step: () => Promise<T>): Promise<T> =>
    step().catch((thrown: unknown) => {
      options.signal.throwIfAborted();
      throw asUnreadable(thrown, late.aborted);
    });
  let url = from;
  for (let hops = 0; ; hops++) {
    const response = await guarded(() => ask(url, signal, options));
    const location = response.headers.get('location');
    if (!redirects.has(response.status) || location === null) {
      return {
        url,
        status: response.status,
        headers: response.headers,
        body: (maxBytes, cut) => guarded(() => readBody(response, maxBytes, cut)),
        discard: () => discard(response),
      };
    }
    await discard(response);
    if (hops === options.redirectsMax) throw new Unreadable('too_many_redirects');
    const next = URL.parse(location, url.href);
    if (next === null) throw new Unreadable('bad_redirect');
    url = next;
  }
}

async function discard({ body }: Response): Promise<void> {
  await body?.cancel().catch(() => undefined);
}

async function ask(url: URL, signal: AbortSignal, options: GetOptions): Promise<Response> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Unreadable('not_http');
  if (!options.allowPrivate) refusePrivateHost(url);
  await options.mayGet?.(url);
  return fetch(url, {
    redirect: 'manual',
    dispatcher: dispatcherFor(options.allowPrivate),
    signal,
    headers: { 'user-agent': options.userAgent, ...options.headersFor?.(url) },
  });
}

async function readBody(response: Response, maxBytes: number, cut: 'cut' | undefined): Promise<Uint8Array> {
  const announced = Number(response.headers.get('content-length') ?? 0);
  if (announced > maxBytes && cut === undefined) {
    await discard(response);
    throw new Unreadable('too_large');
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // What was compressed is counted as it comes out.
  for await (const chunk of response.body ?? []) {
    const left = maxBytes - bytes;
    bytes += chunk.byteLength;
    if (bytes > maxBytes && cut === undefined) throw new Unreadable('too_large');
    chunks.push(chunk.subarray(0, left));
    if (bytes >= maxBytes && cut !== undefined) break;
  }
  return Buffer.concat(chunks);
}

function asUnreadable(thrown: unknown, late: boolean): Unreadable {
  if (thrown instanceof Unreadable) return thrown;
  if (late) return new Unreadable('timeout', { transient: true, cause: thrown });
  for (let cause: unknown = thrown; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof PrivateAddress) return new Unreadable('private_address', { cause });
    if (cause instanceof Unreadable) return cause;
    const { code } = cause as { code?: unknown };
    if (typeof code === 'string') return new Unreadable(code, { transient: true, cause });
  }
  return new Unreadable('unreachable', { transient: true, cause: thrown });
}
