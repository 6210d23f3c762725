/** The collector that docs/collectors.md shows, run as a newcomer would, beside the shipped ones. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { command, commandProcess } from '../../nodes/cli/cli-process.fixture.ts';

const DOCUMENT = readFileSync(new URL('../../docs/collectors.md', import.meta.url), 'utf8');
const COLLECTING = readFileSync(new URL('../../docs/collecting.md', import.meta.url), 'utf8');
const EXAMPLE = fileURLToPath(new URL('./quotes-collector.ts', import.meta.url));
// It starts a whole system, on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000 });

let directory = '';
let server: Server;

beforeAll(async () => {
  // Outside of the project: nothing is installed there.
  directory = mkdtempSync(join(tmpdir(), 'banyan-collectors-'));
  cpSync(EXAMPLE, join(directory, 'quotes.ts'));
  server = createServer((request, response) => {
    const found = request.url === '/';
    response.writeHead(found ? 200 : 404, { 'content-type': 'text/html' }).end('<p>A page about an exploit.');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true });
});

test('the document shows the collector that is checked and run here', () => {
  const [, shown] = /^```ts\n(\/\/ quotes\.ts[^]*?)^```$/m.exec(DOCUMENT) ?? [];
  expect(shown).toBe(readFileSync(EXAMPLE, 'utf8'));
});

test('up collects what a collector of your own, the web and a log have, and asks an assessor of your own', async () => {
  const quotes = [
    { id: 'q1', author: 'Hoare', text: 'Inside every large program there is a small one trying to get out.' },
    {
      id: 'q2',
      author: 'Perlis',
      text: 'A language that does not affect the way you think is not worth it.',
    },
  ];
  writeFileSync(join(directory, 'quotes.json'), JSON.stringify(quotes));
  writeFileSync(join(directory, 'app.log'), 'started\nfailed with an overflow\nunfini');
  const { port } = server.address() as AddressInfo;
  const at = (name: string): string => join(directory, name);
  const [, assessor = ''] = /^```ts\n(\/\/ shouting\.ts[^]*?)^```$/m.exec(COLLECTING) ?? [];
  writeFileSync(at('shouting.mjs'), assessor);
  const { code, stdout, stderr } = await commandProcess([
    ...['up', '--once', '--assessor', at('shouting.mjs'), '--json', '--data', at('data'), '--out', at('out')],
    ...['--collector', at('quotes.ts'), '--set', 'pipeline.node.http.privateAddresses=true', '--shards', '2'],
    ...['--source', `quotes:${at('quotes.json')}`, '--source', `log:${at('app.log')}`],
    ...['--source', `http://127.0.0.1:${port}/`],
  ]);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ collected: 4, accepted: 4, rejected: 0 });
  expect(readFileSync(at('out/report.json'), 'utf8')).toMatch(/"domain": "noise",\s+"artifacts": 4/);
});

test.each([
  ['export default { type: "Quotes", list() {}, read() {} };', 'type: expected up to 32 of a-z'],
  ['export default { type: "quotes", list() {} };', 'read: expected a function'],
  ['export default { type: "file", list() {}, read() {} };', "Two collectors serve the type 'file'"],
  ['export default', 'cannot be loaded'],
])('what is no collector is refused when the node is started: %s', async (module, why) => {
  const file = join(directory, `wrong-${why.length}.mjs`);
  writeFileSync(file, module);
  const { code, stderr } = await command(['spec', '--set', `pipeline.node.collectors=${file}`]);
  expect(code).not.toBe(0);
  expect(stderr).toContain(why);
});

test.each([
  ['export default { threat: 1 };', 'is not a function'],
  ['export default', 'cannot be loaded'],
])('what is no assessor is refused when the node is started: %s', async (module, why) => {
  const file = join(directory, `no-assessor-${why.length}.mjs`);
  writeFileSync(file, module);
  const { code, stderr } = await command(['spec', '--set', `pipeline.node.assessor=${file}`]);
  expect(code).not.toBe(0);
  expect(stderr).toContain(why);
});
