/** Time in a run of real faults: how long one lasts is part of the plan; what must follow is looked for. */

const LOOK_MS = 100;

/** For what a seed has drawn: a fault's length, the pause before the next. Never a wait for something to happen. */
export function lasting(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  return promise;
}

/** Looks until it is so; false when it has not become so within `patienceMs`. */
export async function comes(patienceMs: number, isSo: () => Promise<boolean> | boolean): Promise<boolean> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    if (await isSo()) return true;
    if (performance.now() > untilMs) return false;
    await lasting(LOOK_MS);
  }
}
