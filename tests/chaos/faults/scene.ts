/** Everything that one run has started, for the faults that are done to it. */
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { findNatsServer } from '../../../nodes/broker/find-nats-server.ts';
import { subjectsOf } from '../../../protocol/subjects.ts';
import { History } from '../../simulation/history.ts';
import { type SteppableClock, steppableClock } from './clock-file.ts';
import { type Disk, mountDisk, sharedDisk } from './disk.ts';
import { FaultyBroker } from './faulty-broker.ts';
import { Fleet } from './fleet.ts';
import { type Plan, requirementsOf } from './plan.ts';
import { meet, type Tools } from './requirements.ts';
import { hireJanitor } from './sweep-up.ts';

export interface Scene {
  readonly plan: Plan;
  readonly folder: string;
  readonly subjects: ReturnType<typeof subjectsOf>;
  readonly tools: Tools;
  readonly broker: FaultyBroker;
  readonly fleet: Fleet;
  readonly nodeDisk: Disk;
  readonly clock: SteppableClock | undefined;
  readonly history: History;
  /** A connection of its own, which survives the broker; closed by {@link Scene.close}. */
  connect(): Promise<NatsConnection>;
  /** For whoever reads a failure. */
  note(text: string): void;
  /** Ends and removes everything; with `keepsFiles` all but the files. */
  close(options?: { keepsFiles?: boolean }): Promise<void>;
}

const BROKER_DISK_MIB = 160;
const NODE_DISK_MIB = 96;

export async function openScene(plan: Plan): Promise<Scene> {
  const requirements = requirementsOf(plan);
  const tools = meet(requirements);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'banyan-faults-')));
  const sweep = hireJanitor(folder);
  try {
    const fills = new Set([...plan.node, ...plan.broker].map(({ name }) => name));
    const diskAt = (name: string, small: boolean, mebibytes: number): Disk =>
      small ? mountDisk(join(folder, name), mebibytes) : sharedDisk(join(folder, name));
    const brokerDisk = diskAt('broker', fills.has('fill-broker-disk'), BROKER_DISK_MIB);
    const nodeDisk = diskAt('nodes', fills.has('fill-node-disk'), NODE_DISK_MIB);
    const broker = await FaultyBroker.start(
      brokerDisk,
      (await findNatsServer()).path,
      join(folder, 'broker.log'),
    );
    const clock = requirements.has('faketime')
      ? steppableClock(tools.faketime, join(folder, 'clock'))
      : undefined;
    const { partitions, shards } = plan;
    const fleet = new Fleet(folder, nodeDisk.path, {
      natsUrl: broker.url,
      partitions,
      shards,
      clock: clock?.environment,
    });
    const history = new History(partitions, () => {});
    const connections: NatsConnection[] = [];
    const startedMs = performance.now();
    return {
      plan,
      folder,
      subjects: subjectsOf('sim'),
      tools,
      broker,
      fleet,
      nodeDisk,
      clock,
      history,
      async connect() {
        const connection = await connect({
          servers: broker.url,
          maxReconnectAttempts: -1,
          reconnectTimeWait: 100,
          reconnectJitter: 50,
          waitOnFirstConnect: true,
        });
        connections.push(connection);
        return connection;
      },
      note: (text) => history.note(performance.now() - startedMs, text),
      async close(options) {
        await fleet.retire();
        await broker.kill();
        await Promise.allSettled(connections.map((connection) => connection.close()));
        await sweep(options);
      },
    };
  } catch (error) {
    await sweep();
    throw error;
  }
}
