/** Starts an embedded broker and says where it is; the test then kills this process. */
import { startEmbeddedBroker } from './embedded-broker.ts';

const [dataDir = '', natsServer = ''] = process.argv.slice(2);
const silent = { info: () => {}, warn: () => {}, error: () => {} };
const { pid, port, url } = await startEmbeddedBroker({ dataDir, natsServer, log: silent });
process.stdout.write(`${JSON.stringify({ pid, port, url })}\n`);
