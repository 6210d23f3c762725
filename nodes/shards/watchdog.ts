/**
 * Watches a shard from outside its thread: a turn that passes its deadline, and a thread that does not come round
 * any more, whatever it is stuck in (a task that computes, say). Both mean that the shard has failed.
 */
import { BEAT_MS, readBeacon, type Sign, type TurnPlace } from './beacon.ts';

export interface WatchdogOptions {
  readonly beacon: SharedArrayBuffer;
  readonly turnDeadlineMs: number;
  /** Called once at most: the turn that passed its deadline, or undefined when the thread is stuck outside of turns. */
  readonly onStuck: (turn: TurnPlace | undefined) => void;
}

/** What lies between two looks counts for at most so many intervals: the process may have been frozen. */
const INTERVALS_BETWEEN_LOOKS = 2;
/** A busy machine may keep a healthy thread from coming round for so long. */
const LEAST_SILENCE_MS = 500;

/** Starts watching; returns how to stop it. */
export function watchShard({ beacon, turnDeadlineMs, onStuck }: WatchdogOptions): () => void {
  const everyMs = Math.max(5, Math.min(BEAT_MS, turnDeadlineMs / 4));
  const silenceMs = Math.max(LEAST_SILENCE_MS, turnDeadlineMs) + BEAT_MS;
  let last: Sign = readBeacon(beacon);
  let lastMs = performance.now();
  let turnMs = 0;
  let silentMs = 0;
  const timer = setInterval(() => {
    const sign = readBeacon(beacon);
    const nowMs = performance.now();
    // While everything was frozen nobody had any time.
    const passedMs = Math.min(nowMs - lastMs, INTERVALS_BETWEEN_LOOKS * everyMs);
    const sameTurn = sign.running !== undefined && sign.count === last.count;
    turnMs = sameTurn ? turnMs + passedMs : 0;
    // One that takes turn after turn comes round late, and is alive.
    const silent = sign.beats > 0 && sign.beats === last.beats && sign.count === last.count;
    silentMs = silent ? silentMs + passedMs : 0;
    last = sign;
    lastMs = nowMs;
    if (turnMs <= turnDeadlineMs && silentMs <= silenceMs) return;
    clearInterval(timer);
    onStuck(turnMs > turnDeadlineMs ? sign.running : undefined);
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
