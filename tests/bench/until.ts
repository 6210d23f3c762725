/** Waiting for what nobody announces. */

const LOOK_MS = 10;

/** Resolves with what `look` finds, looking again and again, never twice at a time. Throws what it throws. */
export function until<T>(look: () => Promise<T | undefined>, everyMs = LOOK_MS): Promise<T> {
  return new Promise((resolve, reject) => {
    let looking = false;
    const end = (settle: () => void): void => {
      clearInterval(timer);
      settle();
    };
    const timer = setInterval(() => {
      if (looking) return;
      looking = true;
      look().then(
        (found) => {
          looking = false;
          if (found !== undefined) end(() => resolve(found));
        },
        (error: Error) => end(() => reject(error)),
      );
    }, everyMs);
  });
}
