/** Finds, or fetches, nats-server once before the tests, which then all find it in BANYAN_NATS_SERVER. */
import { findNatsServer } from '../nodes/broker/find-nats-server.ts';

export default async function setup(): Promise<void> {
  const { path } = await findNatsServer({ log: (line) => console.error(line) });
  process.env['BANYAN_NATS_SERVER'] = path;
}
