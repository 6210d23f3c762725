/**
 * One manager per store. On Linux the claim is an abstract socket: the kernel grants it to one process and
 * takes it back however that process ends, so it is never stale. Elsewhere the record says who manages.
 */
import { createServer } from 'node:net';
import { BanyanError } from '../../protocol/errors.ts';
import { type BrokerFiles, readRecord } from './broker-files.ts';
import { isSameProcess } from './process-identity.ts';

/** Claims the store for this process; throws `data.locked`. The result gives the claim up. */
export async function claimStore(files: BrokerFiles): Promise<() => Promise<void>> {
  const manager = readRecord(files)?.manager;
  if (manager && isSameProcess(manager)) throw locked(`process ${manager.pid} manages it`);
  if (process.platform !== 'linux') return async () => {};
  const server = createServer((socket) => socket.destroy());
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', () => reject(locked('another process manages it')));
    server.listen({ path: `\0${files.serverName}` }, resolve);
  });
  return () => new Promise((resolve) => server.close(() => resolve()));
}

/** The error of whoever comes second. */
export function locked(why: string): BanyanError {
  return new BanyanError('data.locked', { message: `the broker's store is in use: ${why}` });
}
