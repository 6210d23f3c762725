/** Asks a worker again and again whether its event loop turns, and says when it has not for too long. */

export interface AnswerWatchOptions {
  /** How long an answer may take. */
  readonly answerMs: number;
  readonly ping: () => void;
  /** Called once; the watch has ended then. */
  readonly onHung: () => void;
}

export interface AnswerWatch {
  answered(): void;
  end(): void;
}

const LOOKS_PER_ANSWER = 4;
const MAX_LOOK_MS = 5_000;
const MIN_LOOK_MS = 5;
/** What lies between two looks counts for at most so many intervals: the node itself may have been frozen. */
const INTERVALS_BETWEEN_LOOKS = 2;

/** Begins at once; its timer keeps no process alive. */
export function watchAnswers({ answerMs, ping, onHung }: AnswerWatchOptions): AnswerWatch {
  const everyMs = Math.max(MIN_LOOK_MS, Math.min(MAX_LOOK_MS, answerMs / LOOKS_PER_ANSWER));
  let waits = false;
  let silentMs = 0;
  let lastMs = performance.now();
  const look = (): void => {
    const nowMs = performance.now();
    const passedMs = Math.min(nowMs - lastMs, INTERVALS_BETWEEN_LOOKS * everyMs);
    lastMs = nowMs;
    if (!waits) {
      waits = true;
      silentMs = 0;
      ping();
      return;
    }
    silentMs += passedMs;
    if (silentMs <= answerMs) return;
    clearInterval(timer);
    onHung();
  };
  const timer = setInterval(look, everyMs);
  timer.unref();
  return {
    answered: () => {
      waits = false;
    },
    end: () => clearInterval(timer),
  };
}
