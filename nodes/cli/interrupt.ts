/** Ctrl-C and SIGTERM: the first asks to stop, a second ends the process at once. */
import { EXIT } from './exit-code.ts';

export interface Interrupt {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Resolves with the first signal. */
  readonly requested: Promise<void>;
  /** Signals mean again what they meant before. */
  dispose(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Listens from now on; `onFirst` runs once, in the signal's own moment. */
export function listenForInterrupt(onFirst: () => void = () => {}): Interrupt {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  const heard = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.forced);
    onFirst();
    controller.abort();
    resolve();
  };
  for (const signal of SIGNALS) process.on(signal, heard);
  return {
    signal: controller.signal,
    requested: promise,
    dispose: () => SIGNALS.forEach((signal) => process.removeListener(signal, heard)),
  };
}

/** Resolves when the signal aborts, or at once when it has. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
