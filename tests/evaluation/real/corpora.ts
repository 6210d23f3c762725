/** What a Debian machine has to collect without asking: documents of packages, their histories, logs, a site. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { shuffled } from '../patterns/corpora.ts';

/** A corpus as the command takes it. */
export interface Corpus {
  readonly name: string;
  readonly sources: readonly string[];
  /** Further arguments. */
  readonly args: readonly string[];
  close(): Promise<void>;
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DEBIAN_DOCUMENTS = '/usr/share/doc';
const LOGS = [
  '/var/log/dpkg.log',
  '/var/log/alternatives.log',
  '/var/log/apt/history.log',
  '/var/log/apt/term.log',
];
export const DEBIAN_PACKAGES = 250;

const nothing = async (): Promise<void> => {};

/** Throws for a corpus that this machine does not have: nothing is left out in silence. */
export async function openCorpus(name: string, folder: string, seed: string): Promise<Corpus> {
  if (name === 'packages') {
    const pattern = join(ROOT, 'node_modules/**/{README,CHANGELOG,HISTORY,SECURITY}*');
    return { name, sources: [pattern], args: [], close: nothing };
  }
  if (name === 'debian') return { name, sources: [writeDebian(folder, seed)], args: [], close: nothing };
  if (name === 'logs') {
    const found = LOGS.filter((path) => existsSync(path));
    if (found.length === 0) throw new Error(`None of ${LOGS.join(', ')} is there.`);
    return { name, sources: found.map((path) => `log:${path}`), args: [], close: nothing };
  }
  return serveSite();
}

export const CORPORA = ['packages', 'debian', 'logs', 'site'] as const;

/** `<package>/copyright.txt` and `<package>/changelog.txt` of packages chosen by the seed. */
function writeDebian(folder: string, seed: string): string {
  const names = existsSync(DEBIAN_DOCUMENTS) ? readdirSync(DEBIAN_DOCUMENTS).sort() : [];
  const chosen = shuffled(names, `debian ${seed}`).slice(0, DEBIAN_PACKAGES);
  if (chosen.length === 0) throw new Error(`${DEBIAN_DOCUMENTS} is not there.`);
  for (const name of chosen) {
    const [copyright, changelog] = ['copyright', 'changelog.Debian.gz'].map((file) =>
      join(DEBIAN_DOCUMENTS, name, file),
    ) as [string, string];
    mkdirSync(join(folder, name), { recursive: true });
    if (existsSync(copyright)) writeFileSync(join(folder, name, 'copyright.txt'), readFileSync(copyright));
    if (existsSync(changelog))
      writeFileSync(join(folder, name, 'changelog.txt'), gunzipSync(readFileSync(changelog)));
  }
  return folder;
}

/** The project's own documents as pages with validators; one folder is forbidden by robots.txt. */
async function serveSite(): Promise<Corpus> {
  const pages = new Map(
    readdirSync(join(ROOT, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => [
        `/${name.replace('.md', '.html')}`,
        pageOf(readFileSync(join(ROOT, 'docs', name), 'utf8')),
      ]),
  );
  pages.set('/private/secret.html', pageOf('# Not for robots\n\nNobody may collect this page.'));
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const page = path === '/robots.txt' ? 'User-agent: *\nDisallow: /private/\n' : pages.get(path);
    const etag = `"${path.length}-${page?.length ?? 0}"`;
    if (page === undefined) response.writeHead(404).end();
    else if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
    else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', etag }).end(page);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    name: 'site',
    sources: [...pages.keys()].map((path) => origin + path),
    args: ['--set', 'pipeline.node.http.privateAddresses=true'],
    close: () => closed(server),
  };
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

const pageOf = (markdown: string): string =>
  `<!doctype html><title>${markdown.split('\n')[0]?.replace('# ', '')}</title><pre>${markdown
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')}</pre>`;
