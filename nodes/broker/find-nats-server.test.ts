import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findNatsServer } from './find-nats-server.ts';
import { isSupportedVersion, readVersion } from './nats-server-version.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-find-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An executable that says it is a nats-server of this release. */
function program(path: string, version: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho 'nats-server: v${version}'\n`);
  chmodSync(file, 0o755);
  return file;
}

const cache = (): string => join(folder, 'cache');

describe('the order in which servers are looked for', () => {
  test('BANYAN_NATS_SERVER comes first', async () => {
    const named = program('named/my-nats', '2.14.2');
    program('bin/nats-server', '2.15.1');
    const env = { BANYAN_NATS_SERVER: named, PATH: join(folder, 'bin') };
    expect(await findNatsServer({ env, cache: cache(), fetch: false })).toEqual({
      path: named,
      version: '2.14.2',
    });
  });

  test('then PATH, in its order', async () => {
    const first = program('one/nats-server', '2.14.1');
    program('two/nats-server', '2.15.1');
    program('cache/2.16.0/usr/sbin/nats-server', '2.16.0');
    const env = { PATH: `${join(folder, 'one')}:${join(folder, 'two')}` };
    expect((await findNatsServer({ env, cache: cache(), fetch: false })).path).toBe(first);
  });

  test('then the newest that was fetched earlier', async () => {
    program('cache/2.9.10/usr/sbin/nats-server', '2.9.10');
    program('cache/2.14.9/usr/sbin/nats-server', '2.14.9');
    const newest = program('cache/2.14.10/usr/sbin/nats-server', '2.14.10');
    expect((await findNatsServer({ env: { PATH: '' }, cache: cache(), fetch: false })).path).toBe(newest);
  });
});

describe('servers that do not serve', () => {
  test('an old one that is named is refused with broker.version', async () => {
    const env = { BANYAN_NATS_SERVER: program('old', '2.9.10'), PATH: '' };
    await expect(findNatsServer({ env, cache: cache(), fetch: false })).rejects.toMatchObject({
      code: 'broker.version',
      message: expect.stringContaining('2.9.10') as string,
    });
  });

  test('a name that does not run is broker.missing and says which name', async () => {
    const env = { BANYAN_NATS_SERVER: join(folder, 'nowhere'), PATH: '' };
    await expect(findNatsServer({ env, cache: cache(), fetch: false })).rejects.toMatchObject({
      code: 'broker.missing',
      message: expect.stringContaining('nowhere') as string,
    });
  });

  test('an old one on PATH is passed over, and said so', async () => {
    program('bin/nats-server', '2.9.10');
    const fetched = program('cache/2.15.1/usr/sbin/nats-server', '2.15.1');
    const said: string[] = [];
    const env = { PATH: join(folder, 'bin') };
    const log = (line: string): void => void said.push(line);
    expect((await findNatsServer({ env, cache: cache(), fetch: false, log })).path).toBe(fetched);
    expect(said.join('\n')).toContain('2.9.10 is too old');
  });

  test('with none at all the error is one line that says how to install one', async () => {
    const error: unknown = await findNatsServer({ env: { PATH: '' }, cache: cache(), fetch: false }).catch(
      (e) => e,
    );
    expect(error).toMatchObject({ code: 'broker.missing' });
    expect(String(error)).toMatch(/install one from .*BANYAN_NATS_SERVER$/);
  });
});

// CI always fetches; at one's desk, tests run without a network. Elsewhere than on Debian nothing can be fetched.
const fetches = process.env['CI'] !== undefined && existsSync('/etc/debian_version');
describe.runIf(fetches)('fetching from Debian', () => {
  test(
    'two at once both get a server that runs, and nothing else is left behind',
    { timeout: 240_000 },
    async () => {
      const env = { PATH: '' };
      const found = await Promise.all([
        findNatsServer({ env, cache: cache() }),
        findNatsServer({ env, cache: cache() }),
      ]);
      expect(found[0]).toEqual(found[1]);
      const { path, version } = found[0];
      expect(isSupportedVersion(version)).toBe(true);
      expect(await readVersion(path)).toBe(version);
      expect(readdirSync(cache())).toEqual([version]);
    },
  );
});
