/**
 * Makes the world visible to the determinism check: in this thread, clocks tell another time than in every
 * other, and what a turn must not do to the outside is noticed and refused. Call before the application is
 * imported; what a module takes from `node:fs` while it loads is then already the watched function.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Year, month, day, hour, minute, second and millisecond all differ. */
const SHIFT_MS = 400 * 86_400_000 + 7 * 3_600_000 + 13 * 60_000 + 11_347;

export interface Watch {
  /** Runs `body`; returns the first thing it did to the outside, such as `fs.readFileSync`, if any. */
  during(body: () => void): string | undefined;
}

/** Shifts the clocks and watches synchronous I/O, for as long as the thread lives. */
export function makeImpurityVisible(): Watch {
  shiftClocks();
  let watching = false;
  let noticed: string | undefined;
  const notice = (name: string): void => {
    if (!watching) return;
    noticed ??= name;
    throw new Error(`A turn must not call ${name}.`);
  };
  watchFunctions('fs', fs, (name) => name.endsWith('Sync'), notice);
  watchFunctions('child_process', childProcess, (name) => /^(exec|fork|spawn)/.test(name), notice);
  syncBuiltinESMExports();
  return {
    during(body) {
      noticed = undefined;
      watching = true;
      try {
        body();
      } finally {
        watching = false;
      }
      return noticed;
    },
  };
}

function shiftClocks(): void {
  const RealDate = Date;
  const now = (): number => RealDate.now() + SHIFT_MS;
  globalThis.Date = new Proxy(RealDate, {
    apply: () => new RealDate(now()).toString(),
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    get: (target, property, receiver): unknown =>
      property === 'now' ? now : Reflect.get(target, property, receiver),
  });
  const realNow = performance.now.bind(performance);
  Object.defineProperty(performance, 'now', { value: () => realNow() + SHIFT_MS, configurable: true });
  const { timeOrigin } = performance;
  Object.defineProperty(performance, 'timeOrigin', { value: timeOrigin + SHIFT_MS, configurable: true });
}

function watchFunctions(
  module: string,
  exports: object,
  wanted: (name: string) => boolean,
  notice: (name: string) => void,
): void {
  const functions = exports as Record<string, unknown>;
  for (const name of Object.keys(functions).filter(wanted)) {
    const real = functions[name];
    if (typeof real !== 'function') continue;
    functions[name] = new Proxy(real, {
      apply(target, self, args) {
        notice(`${module}.${name}`);
        return Reflect.apply(target, self, args) as unknown;
      },
    });
  }
}
