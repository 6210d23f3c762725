/** Ports on the loopback interface. */
import { createServer } from 'node:net';

/** Listens on `port` (0: any) for a moment and returns the port, or undefined when it is taken. */
export async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      const got = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(got));
    });
  });
}
