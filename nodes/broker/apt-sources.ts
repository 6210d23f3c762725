/**
 * Reads a machine's apt configuration to learn which Debian mirror it uses and which key signs it. Both formats
 * are read: one-line (`*.list`) and deb822 (`*.sources`). Nothing else of an entry is carried over: in
 * particular not `trusted=yes`, so that what we download is always verified.
 */

/** One `deb` entry, one suite. */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  /** A keyring's path, key fingerprints, or an ASCII-armoured key, as apt's `Signed-By` takes it. */
  readonly signedBy?: string;
}

/** A mirror of Debian's main archive. */
export interface DebianMirror {
  readonly uri: string;
  readonly signedBy?: string;
}

const ONE_LINE = /^deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*(.*)$/;

/** Entries of a one-line file (`deb [signed-by=…] URI suite component…`). Lines it cannot read are skipped. */
export function parseOneLineSources(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = ONE_LINE.exec(line.replace(/#.*$/, '').trim());
    if (!match) return [];
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
    return [{ uri, suite, components: words(components), ...(signedBy && { signedBy }) }];
  });
}

/** Entries of a deb822 file: paragraphs of `Field: value`, continued by lines that begin with white space. */
export function parseDeb822Sources(text: string): AptSource[] {
  const uncommented = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
  return uncommented.split(/\n[ \t]*\n/).flatMap((paragraph) => entriesOf(readFields(paragraph)));
}

function readFields(paragraph: string): Map<string, string> {
  const fields = new Map<string, string>();
  let name = '';
  for (const line of paragraph.split('\n')) {
    const field = /^([A-Za-z][A-Za-z0-9-]*):\s*(.*)$/.exec(line);
    if (field) {
      name = (field[1] ?? '').toLowerCase();
      fields.set(name, field[2] ?? '');
    } else if (/^[ \t]/.test(line) && name !== '') {
      fields.set(name, `${fields.get(name) ?? ''}\n${line.trimEnd()}`);
    }
  }
  return fields;
}

function entriesOf(fields: Map<string, string>): AptSource[] {
  const field = (name: string): string => fields.get(name) ?? '';
  if (!words(field('types')).includes('deb') || /^(no|false|0|off)$/i.test(field('enabled').trim()))
    return [];
  const signedBy = field('signed-by').trimEnd();
  return words(field('uris')).flatMap((uri) =>
    words(field('suites')).map((suite) => ({
      uri,
      suite,
      components: words(field('components')),
      ...(signedBy !== '' && { signedBy }),
    })),
  );
}

const DEBIAN_SUITE = /^(stable|testing|unstable|sid|buster|bullseye|bookworm|trixie|forky|duke)$/;

/**
 * The mirrors of Debian's main archive among a machine's entries, the likeliest first. A third party's archive
 * may look the same (same suite, same component); trying it is harmless, it has no `testing` suite.
 * `codename` is the machine's own suite, so that suites not yet born are known.
 */
export function debianMirrors(sources: readonly AptSource[], codename?: string): DebianMirror[] {
  const mirrors = new Map<string, DebianMirror & { rank: number }>();
  for (const { uri, suite, components, signedBy } of sources) {
    if (!/^(https?|mirror|mirror\+\w+|file|tor\+https?):/.test(uri) || /security/.test(uri)) continue;
    if (!components.includes('main') || !(DEBIAN_SUITE.test(suite) || suite === codename)) continue;
    const key = `${uri}\n${signedBy ?? ''}`;
    const rank = (/\/debian\/?$/.test(uri) ? 0 : 2) + (/debian-archive/.test(signedBy ?? '') ? 0 : 1);
    if (!mirrors.has(key)) mirrors.set(key, { uri, ...(signedBy && { signedBy }), rank });
  }
  return [...mirrors.values()]
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ uri, signedBy }) => ({ uri, ...(signedBy && { signedBy }) }));
}

/** A deb822 file that names one mirror's `testing` suite, and of its indexes only the list of packages. */
export function renderTestingSource(mirror: DebianMirror, architecture: string): string {
  const lines = [
    'Types: deb',
    `URIs: ${mirror.uri}`,
    'Suites: testing',
    'Components: main',
    `Architectures: ${architecture}`,
    'Targets: Packages',
  ];
  if (mirror.signedBy) lines.push(`Signed-By: ${mirror.signedBy}`);
  return `${lines.join('\n')}\n`;
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
