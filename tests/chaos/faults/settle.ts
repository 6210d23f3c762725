/** When nothing is done to the system any more, it must come to rest by itself. */
import type { Scene } from './scene.ts';
import type { Questions } from './questions.ts';
import type { Sender } from './sender.ts';
import { lasting } from './passing-time.ts';

const SETTLE_MS = 180_000;
const LOOK_MS = 250;
/** Looks in a row that find nothing to do. */
const CALM_LOOKS = 3;

/** Undefined once it has; else what is still to do when patience ends. */
export async function settled(
  { subjects }: Scene,
  senders: readonly Sender[],
  questions: Questions,
): Promise<string | undefined> {
  const untilMs = performance.now() + SETTLE_MS;
  let calm = 0;
  let left: string | undefined;
  while (performance.now() < untilMs) {
    left = await unsettled();
    calm = left === undefined ? calm + 1 : 0;
    if (calm === CALM_LOOKS) return undefined;
    await lasting(LOOK_MS);
  }
  const { value: tree } = await questions.request(subjects.sys('health'), {});
  return `${SETTLE_MS} ms later ${left ?? 'it is not calm'} ${JSON.stringify(tree ?? null)}`;

  async function unsettled(): Promise<string | undefined> {
    const waiting = senders.reduce((sum, sender) => sum + sender.waiting, 0);
    if (waiting > 0) return `${waiting} messages are not acknowledged`;
    const { ok, value, error } = await questions.request(subjects.sys('work'), {});
    if (!ok) return `there is no answer: ${error?.message}`;
    const work = value as { readonly idle: boolean; readonly timers: number };
    return work.idle && work.timers === 0 ? undefined : `there is work: ${JSON.stringify(work)}`;
  }
}
