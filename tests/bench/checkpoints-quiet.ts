/** Knowing that a node has stored what there was to store. */
import type { JetStreamManager } from '@nats-io/jetstream';
import { LIMITS } from '../../config/limits.ts';
import type { Subjects } from '../../protocol/subjects.ts';
import { until } from './until.ts';

/** Longer than a checkpoint waits after the first change. */
const QUIET_MS = LIMITS.checkpointIntervalMs + 500;

/** Resolves when no checkpoint has been stored for a while. */
export async function checkpointsQuiet(jsm: JetStreamManager, { streams }: Subjects): Promise<void> {
  let last = -1;
  await until(async () => {
    const before = last;
    last = (await jsm.streams.info(streams.state)).state.last_seq;
    return before === last || undefined;
  }, QUIET_MS);
}
