/** A store remembers which log it belongs to (rule R9). */
import { BanyanError } from '../protocol/errors.ts';
import type { Store } from './store.ts';

const LOG_IDENTITY = 'log';

/** Binds a new store to the log; `foreign` says that it belongs to another one. */
export function bindStore(
  store: Store,
  identity: string,
): { readonly isNew: boolean; readonly foreign: BanyanError | undefined } {
  const stored = store.get(LOG_IDENTITY);
  if (stored === undefined) {
    store.commit([[LOG_IDENTITY, Buffer.from(identity)]]);
    return { isNew: true, foreign: undefined };
  }
  const known = Buffer.from(stored).toString();
  if (known === identity) return { isNew: false, foreign: undefined };
  const message = `The local state belongs to the log ${known}, the broker holds ${identity}.`;
  return { isNew: false, foreign: new BanyanError('log.foreign', { message }) };
}
