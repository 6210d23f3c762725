/**
 * Crashes without end through one supervisor on virtual time: each is restarted, the intensity stays exact, and memory
 * flat. A child crashes so often within the window that one more would be too often, which the last one is.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ChildSpec, ExitReason } from '../../supervisors/child-spec.ts';
import { settled } from '../../supervisors/fake-clock.fixture.ts';
import { startSupervisor } from '../../supervisors/supervisor.ts';
import type { CampaignOptions, CampaignResult } from '../chaos/campaign.ts';
import { VirtualClock } from './virtual-clock.ts';

const CHILDREN = 10;
/** Crashes are this far apart, so that exactly {@link MAX} fall into a window. */
const GAP_MS = 10;
const MAX = 100;
const WINDOW_MS = (MAX - 1) * GAP_MS;
const BACKOFF = { baseMs: 1, maxMs: 4, factor: 2, jitter: 0.5, healthyMs: 50 };
const PARTS = 10;

export async function crashes({ runs, seed, progress }: CampaignOptions): Promise<CampaignResult> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heapBytes = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const failures: { seed: number; what: string }[] = [];
  const expect = (isSo: boolean, what: string): void => {
    if (!isSo && failures.length < 10) failures.push({ seed, what });
  };

  const clock = new VirtualClock();
  const ends: ((reason: ExitReason) => void)[] = [];
  let starts = 0;
  const child = (index: number): ChildSpec => ({
    id: `child-${index}`,
    type: 'worker',
    restart: 'permanent',
    start: async () => {
      starts += 1;
      const { promise, resolve } = Promise.withResolvers<ExitReason>();
      ends[index] = resolve;
      return {
        exited: promise,
        stop: async () => resolve({ kind: 'shutdown' }),
        kill: () => resolve({ kind: 'killed' }),
      };
    },
  });
  const supervisor = await startSupervisor({
    id: 'root',
    intensity: { max: MAX, windowMs: WINDOW_MS },
    backoff: BACKOFF,
    children: Array.from({ length: CHILDREN }, (_, index) => child(index)),
    clock,
    random: () => 0.5,
  });
  const crash = (number: number): void =>
    ends[number % CHILDREN]?.({ kind: 'error', error: new Error(`crash ${number}`) });

  const perPart = Math.ceil(runs / PARTS);
  const heaps: number[] = [];
  for (let number = 0; number < runs; number++) {
    // What the first ones leave behind is there for good: code, caches.
    if (number % perPart === 0 || number === runs - 1) {
      heaps.push(heapBytes());
      progress(`${number} crashes, heap ${heaps.at(-1)} bytes`);
    }
    crash(number);
    await clock.advance(GAP_MS);
    const { used } = supervisor.tree().intensity;
    // The window ends with now, `GAP_MS` after the latest crash.
    const within = Math.min(number + 1, MAX - 1);
    expect(used === within, `after crash ${number + 1} the intensity is ${used}, not ${within}`);
  }
  expect(starts === CHILDREN + runs, `${starts} starts of ${CHILDREN + runs}`);
  // Two at once are within the intensity, with those before them; one more is not.
  for (let extra = 0; extra < 2; extra++) {
    crash(runs + extra);
    await settled();
  }
  let gaveUp = false;
  void supervisor.exited.then(() => {
    gaveUp = true;
  });
  await settled();
  expect(gaveUp === runs >= MAX, `after ${runs} crashes and 2 more at once it gave up: ${gaveUp}`);
  const [, afterFirstPart = 0] = heaps;
  return {
    runs,
    failures,
    counts: {
      heapBytesBefore: heaps[0] ?? 0,
      heapBytesAfterTenth: afterFirstPart,
      heapBytesAfter: heaps.at(-1) ?? 0,
      starts,
    },
  };
}
