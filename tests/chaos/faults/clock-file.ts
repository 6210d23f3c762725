/** The wall clock of processes that libfaketime is preloaded into: a file says how far it is off. */
import { renameSync, writeFileSync } from 'node:fs';

export interface SteppableClock {
  /** For the processes that shall have this clock. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ahead of the real one; behind it when negative. */
  step(seconds: number): void;
}

export function steppableClock(library: string, file: string): SteppableClock {
  const step = (seconds: number): void => {
    writeFileSync(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    renameSync(`${file}.new`, file);
  };
  step(0);
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      // Seconds for which the file is not read again.
      FAKETIME_CACHE_DURATION: '1',
      // The steady clock that timers run on stays what it is: nothing can step it in reality either.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    step,
  };
}
