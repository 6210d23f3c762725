/** Carries out planned faults. Each resolves when it is over; what follows from it may go on. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { decode } from '../../../protocol/codec.ts';
import { Draw } from '../../simulation/draw.ts';
import { damageStores } from './damage.ts';
import { injectSyncs, type Injection } from './failing-syncs.ts';
import type { FaultName } from './fault-kinds.ts';
import { comes, lasting } from './passing-time.ts';
import type { PlannedFault } from './plan.ts';
import { RUNAWAY_TYPES, runawayAt } from './runaways.ts';
import type { Scene } from './scene.ts';
import type { Sender } from './sender.ts';

/** Three owners have to end, each perhaps while the broker is away. */
const DECIDED_MS = 180_000;
/** Whether the broker goes on by itself after its disk was full or failed, or needs its operator. */
const RECOVERS_MS = 3_000;
/** Less than any step, more than an answer takes. */
const STEP_SEEN_MS = 20_000;
const SLOW_SYNC_MS = [20, 400] as const;

/** Resolves with false when the fault met nothing: that is none. */
export type Strike = (fault: PlannedFault, scene: Scene, poisoner: Sender) => Promise<boolean>;

const done = true;

export const STRIKES: Readonly<Record<FaultName, Strike>> = {
  'kill-node': async ({ lastsMs, seed }, { fleet }) => {
    const draw = new Draw(seed, 'kill');
    const again = draw.chance(0.4);
    const inTheMiddleMs = draw.whole(100, 2_500);
    await fleet.restart({
      between: () => lasting(lastsMs),
      // Of its start, while it claims, loads or catches up.
      begun: async () => {
        if (!again) return;
        await lasting(inTheMiddleMs);
        fleet.serving.signal('SIGKILL');
      },
    });
    return done;
  },
  'pause-node': async ({ lastsMs }, { fleet }) => {
    const node = fleet.serving;
    node.signal('SIGSTOP');
    await lasting(lastsMs);
    node.signal('SIGCONT');
    return done;
  },
  'take-over': async ({ lastsMs }, { fleet }) => {
    await fleet.takeOver(() => lasting(lastsMs));
    return done;
  },
  'runaway-turn': async ({ seed }, scene, poisoner) => {
    const draw = new Draw(seed, 'runaway turn');
    const item = `x${seed}`;
    const to = runawayAt(draw.whole(0, 3));
    await poisoner.send({ at: 0, to, what: { message: { type: draw.pick(RUNAWAY_TYPES), item } as never } });
    // Whatever killed the node before it is decided would be taken for its doing, or hide it.
    const connection = await scene.connect();
    const isDead = async (): Promise<boolean> => {
      try {
        const manager = await jetstreamManager(connection, { checkAPI: false });
        const query = { last_by_subj: scene.subjects.dead(to) };
        const letter = await manager.streams.getMessage(scene.subjects.streams.dead, query);
        return (
          letter !== null && (decode(letter.data) as { message?: { item?: string } }).message?.item === item
        );
      } catch {
        return false;
      }
    };
    if (await comes(DECIDED_MS, isDead)) return done;
    throw new Error(`A runaway message to ${to} has no verdict after ${DECIDED_MS} ms.`);
  },
  'damage-store': async ({ lastsMs, seed }, { fleet, note }) => {
    const { data } = fleet.serving.setup;
    await fleet.restart({
      between: async () => {
        for (const what of damageStores(data, new Draw(seed, 'damage'))) note(`damaged ${what}`);
        await lasting(lastsMs);
      },
    });
    return done;
  },
  'fill-node-disk': async ({ lastsMs, seed }, { nodeDisk, fleet }) => {
    const node = fleet.serving;
    const said = node.logged().length;
    // A store that exists may find room in itself; one that is made anew does not.
    const isAnew = new Draw(seed, 'full disk').chance(0.5);
    const filled = Promise.withResolvers<void>();
    const fill = (): void => {
      if (isAnew) rmSync(join(node.setup.data, 'shards'), { recursive: true, force: true });
      nodeDisk.fill();
      filled.resolve();
    };
    const restarted = isAnew ? fleet.restart({ between: fill }) : fill();
    await filled.promise;
    await lasting(lastsMs);
    nodeDisk.free();
    await restarted;
    return /store\.full|ENOSPC|No space/.test(node.logged().slice(said));
  },
  'fail-node-sync': (fault, scene) => restartWithSyncs(fault, scene, { error: 'EIO' }),
  'slow-node-sync': (fault, scene) => restartWithSyncs(fault, scene, slowness(fault)),
  'step-clock': async ({ lastsMs, seed }, { clock, fleet, note }) => {
    const draw = new Draw(seed, 'clock');
    const seconds = draw.whole(30, 7_200) * draw.pick([1, -1]);
    note(`the clock is ${seconds} s off`);
    clock?.step(seconds);
    await lasting(lastsMs);
    const seen = await healthTime(fleet.serving.http);
    clock?.step(0);
    return seen !== undefined && Math.abs(seen - Date.now()) > STEP_SEEN_MS;
  },
  'kill-broker': async ({ lastsMs }, { broker }) => {
    await broker.kill();
    await lasting(lastsMs);
    await broker.start();
    return done;
  },
  'pause-broker': async ({ lastsMs }, { broker }) => {
    broker.signal('SIGSTOP');
    await lasting(lastsMs);
    broker.signal('SIGCONT');
    return done;
  },
  'fill-broker-disk': async (fault, scene) => {
    const said = scene.broker.logged().length;
    scene.broker.disk.fill();
    await lasting(fault.lastsMs);
    scene.broker.disk.free();
    await recovered(scene, said, fault);
    return done;
  },
  'fail-broker-sync': (fault, scene) => brokerSyncs(fault, scene, { error: 'EIO' }),
  'slow-broker-sync': (fault, scene) => brokerSyncs(fault, scene, slowness(fault)),
};

function slowness({ seed }: PlannedFault): Injection {
  const [low, high] = SLOW_SYNC_MS;
  return { delayMs: new Draw(seed, 'slowness').whole(low, high) };
}

/** When the node thinks it is. */
async function healthTime(http: string | undefined): Promise<number | undefined> {
  try {
    const reply = await fetch(`${http}/health/ready`, { signal: AbortSignal.timeout(RECOVERS_MS) });
    return Date.parse(((await reply.json()) as { at: string }).at);
  } catch {
    return undefined;
  }
}

/** A node syncs when it opens and closes its stores, not in between. */
async function restartWithSyncs(
  { lastsMs, seed }: PlannedFault,
  { fleet, tools, folder }: Scene,
  injection: Injection,
): Promise<boolean> {
  let met = 0;
  await fleet.restart({
    begun: async (pid) => {
      const release = await injectSyncs(tools.strace, pid, injection, join(folder, `strace-${seed}`));
      await lasting(lastsMs);
      met = await release();
    },
  });
  return met > 0;
}

async function brokerSyncs(fault: PlannedFault, scene: Scene, injection: Injection): Promise<boolean> {
  const { tools, broker, folder } = scene;
  const { lastsMs, seed } = fault;
  const said = broker.logged().length;
  const release = await injectSyncs(tools.strace, broker.pid, injection, join(folder, `strace-${seed}`));
  await lasting(lastsMs);
  const met = await release();
  if ('error' in injection) await recovered(scene, said, fault);
  return met > 0;
}

/**
 * A server that failed to store something refuses everything from then on, because it no longer knows what its
 * disk holds. Whoever runs it has to start it again; some do so in any case.
 */
async function recovered(scene: Scene, saidBefore: number, { seed }: PlannedFault): Promise<void> {
  const { broker, note } = scene;
  const gaveUp = await comes(RECOVERS_MS, () => GAVE_UP.test(broker.logged().slice(saidBefore)));
  if (!gaveUp && new Draw(seed, 'operator').chance(0.5)) return;
  note(gaveUp ? 'the broker refuses to store and is started again' : 'the broker is started again');
  await broker.kill();
  await broker.start();
}

const GAVE_UP = /\[ERR\].*(failed to store|no space left|input\/output error|JetStream.*disabled)/i;
