import { describe, expect, test } from 'vitest';
import {
  debianMirrors,
  parseDeb822Sources,
  parseOneLineSources,
  renderTestingSource,
} from './apt-sources.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

describe('one-line sources', () => {
  test('an entry gives address, suite, components and key', () => {
    const text = `deb [arch=amd64 signed-by=${KEYRING}] http://deb.debian.org/debian bookworm main contrib`;
    expect(parseOneLineSources(text)).toEqual([
      {
        uri: 'http://deb.debian.org/debian',
        suite: 'bookworm',
        components: ['main', 'contrib'],
        signedBy: KEYRING,
      },
    ]);
  });

  test('comments, source packages and blank lines are passed over', () => {
    const text =
      '# deb http://a/debian x main\n\ndeb-src http://a/debian x main\ndeb http://b/debian y main # mine\n';
    expect(parseOneLineSources(text)).toEqual([{ uri: 'http://b/debian', suite: 'y', components: ['main'] }]);
  });

  test('trusted=yes is not carried over', () => {
    const [source] = parseOneLineSources('deb [trusted=yes] http://b/debian bookworm main');
    expect(Object.keys(source ?? {})).toEqual(['uri', 'suite', 'components']);
  });
});

describe('deb822 sources', () => {
  test('each suite of each paragraph is an entry; comments within are passed over', () => {
    const text = [
      'Types: deb deb-src',
      '# http://snapshot.debian.org/archive/debian/20250520T000000Z',
      'URIs: http://deb.debian.org/debian',
      'Suites: bookworm bookworm-updates',
      'Components: main',
      `Signed-By: ${KEYRING}`,
      '',
      'Types: deb',
      'URIs: http://deb.debian.org/debian-security',
      'Suites: bookworm-security',
      'Components: main',
    ].join('\n');
    const entries = parseDeb822Sources(text);
    expect(entries.map(({ uri, suite }) => `${uri} ${suite}`)).toEqual([
      'http://deb.debian.org/debian bookworm',
      'http://deb.debian.org/debian bookworm-updates',
      'http://deb.debian.org/debian-security bookworm-security',
    ]);
    expect(entries[0]).toMatchObject({ components: ['main'], signedBy: KEYRING });
  });

  test('disabled paragraphs and paragraphs of sources only are passed over', () => {
    const paragraph = (first: string): string =>
      `${first}\nURIs: http://a/debian\nSuites: bookworm\nComponents: main\n`;
    const text = [paragraph('Types: deb\nEnabled: no'), paragraph('Types: deb-src')].join('\n');
    expect(parseDeb822Sources(text)).toEqual([]);
  });

  test('a key within the paragraph is kept with its lines', () => {
    const key = ' -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDME\n -----END PGP PUBLIC KEY BLOCK-----';
    const text = `Types: deb\nURIs: http://a/debian\nSuites: sid\nComponents: main\nSigned-By:\n${key}\n`;
    expect(parseDeb822Sources(text)[0]?.signedBy).toBe(`\n${key}`);
  });
});

describe('mirrors', () => {
  const main = {
    uri: 'http://mirror.example/debian',
    suite: 'bookworm',
    components: ['main'],
    signedBy: KEYRING,
  };

  test('the security archive, updates alone and other components are no mirrors', () => {
    expect(
      debianMirrors([
        { ...main, uri: 'http://mirror.example/debian-security' },
        { ...main, suite: 'bookworm-updates' },
        { ...main, components: ['stable'] },
        { ...main, suite: 'nodistro' },
        { ...main, uri: 'cdrom:[Debian]/' },
      ]),
    ).toEqual([]);
  });

  test("Debian's own archive comes before one that only looks like it, and each comes once", () => {
    const lookalike = {
      uri: 'https://packages.example/tool/debian',
      suite: 'bookworm',
      components: ['main'],
    };
    expect(debianMirrors([lookalike, main, { ...main, suite: 'sid' }])).toEqual([
      { uri: main.uri, signedBy: KEYRING },
      { uri: lookalike.uri },
    ]);
  });

  test("the machine's own suite counts, even when it is a new one", () => {
    const future = { ...main, suite: 'zurg' };
    expect(debianMirrors([future])).toEqual([]);
    expect(debianMirrors([future], 'zurg')).toHaveLength(1);
  });
});

test('the source that is fetched from names one suite, the key, and no option that weakens a check', () => {
  const text = renderTestingSource({ uri: 'http://mirror.example/debian', signedBy: KEYRING }, 'arm64');
  expect(parseDeb822Sources(text)).toEqual([
    { uri: 'http://mirror.example/debian', suite: 'testing', components: ['main'], signedBy: KEYRING },
  ]);
  expect(text).toContain('Architectures: arm64\n');
  expect(text.toLowerCase()).not.toMatch(/trusted|insecure|valid-until/);
});
