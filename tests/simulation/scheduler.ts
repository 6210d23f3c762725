/**
 * Virtual time: a heap of events, taken one by one. An event is over when every promise that it settled has
 * had its say, so nothing depends on how long anything takes in the real world.
 */

/** Forgets a scheduled event. */
export type Cancel = () => void;

interface Scheduled {
  readonly atMs: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/** Node's own events get their turn after so many of ours: a test's watchdog must see that we live. */
const EVENTS_PER_BREATH = 2_000;

export class Scheduler {
  /** Milliseconds since the epoch, with a fraction. */
  nowMs: number;
  /** Events that ran. */
  count = 0;
  readonly #heap: Scheduled[] = [];
  #order = 0;

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  /** Runs a callback after so much virtual time; what is scheduled first runs first. */
  after(delayMs: number, callback: () => void): Cancel {
    const event: Scheduled = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, callback };
    push(this.#heap, event);
    return () => void (event.callback = undefined);
  }

  /** Runs events until `done` says so or time is up; false when time was up, or nothing was left to do. */
  async run(untilMs: number, done: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const step = (): void => {
        try {
          if (done()) return resolve(true);
          const event = this.#next(untilMs);
          if (event === undefined) {
            this.nowMs = Math.max(this.nowMs, untilMs);
            return resolve(done());
          }
          this.nowMs = Math.max(this.nowMs, event.atMs);
          this.count++;
          event.callback?.();
        } catch (error) {
          return reject(error);
        }
        // A tick that a microtask asks for comes when the microtasks are all done: the event is over.
        if (this.count % EVENTS_PER_BREATH === 0) setImmediate(step);
        else queueMicrotask(() => process.nextTick(step));
      };
      setImmediate(step);
    });
  }

  #next(untilMs: number): Scheduled | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.atMs > untilMs) return undefined;
      pop(this.#heap);
      if (first.callback !== undefined) return first;
    }
  }
}

function before(a: Scheduled, b: Scheduled): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: Scheduled[], event: Scheduled): void {
  let at = heap.length;
  heap.push(event);
  while (at > 0) {
    const parent = (at - 1) >>> 1;
    if (!before(event, heap[parent] as Scheduled)) break;
    heap[at] = heap[parent] as Scheduled;
    at = parent;
  }
  heap[at] = event;
}

function pop(heap: Scheduled[]): void {
  const last = heap.pop() as Scheduled;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    if (left >= heap.length) break;
    const right = left + 1;
    const child =
      right < heap.length && before(heap[right] as Scheduled, heap[left] as Scheduled) ? right : left;
    if (!before(heap[child] as Scheduled, last)) break;
    heap[at] = heap[child] as Scheduled;
    at = child;
  }
  heap[at] = last;
}
