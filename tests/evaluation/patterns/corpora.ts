/** Labelled texts: made-up topics that are the same everywhere, and what lies on the machine. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { cutAtWord } from '../../../actors/text/index.ts';
import { randomSequence } from '../../../runtime/randomness.ts';

export interface Labelled {
  readonly label: string;
  readonly text: string;
}

const TEXT_CHARACTERS = 2_000;
const SYLLABLES = 'ba ce di fo gu ha ke li mo nu pa re si to vu ya ze'.split(' ');

/**
 * Topics with 40 words of their own each and 300 that all share, both used by Zipf's law. `share` of a text's words are
 * its topic's, and every sixth of those is another topic's.
 */
export function madeUpTopics(seed: string, topics: number, textsPerTopic: number, share = 0.3): Labelled[] {
  const random = randomSequence(`topics ${seed}`);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const word = (): string =>
    Array.from({ length: 3 + Math.floor(random() * 2) }, () => pick(SYLLABLES)).join('');
  const shared = Array.from({ length: 300 }, word);
  const vocabularies = Array.from({ length: topics }, () => Array.from({ length: 40 }, word));
  const zipf = (words: readonly string[]): string =>
    words[Math.min(words.length - 1, Math.floor(words.length ** random()) - 1)] ?? '';
  const textOf = (topic: number): string =>
    Array.from({ length: 40 + Math.floor(random() * 160) }, () => {
      if (random() >= share) return zipf(shared);
      return zipf(random() < 1 / 6 ? pick(vocabularies) : (vocabularies[topic] ?? []));
    }).join(' ');
  const texts = Array.from({ length: topics * textsPerTopic }, (_, i) => ({
    label: `topic ${i % topics}`,
    text: textOf(i % topics),
  }));
  return shuffled(texts, seed);
}

/** The documents of installed packages, in pieces of 2,000 characters, labelled by package. */
export function packageDocuments(seed: string, packages: number, piecesPerPackage: number): Labelled[] {
  const root = fileURLToPath(new URL('../../../node_modules', import.meta.url));
  const folders = readdirSync(root)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(root, name)).map((one) => `${name}/${one}`) : [name],
    );
  return choose(seed, packages, piecesPerPackage, folders, (name) =>
    readdirSync(join(root, name))
      .filter((file) => /^(readme|changelog|history|contributing|api|usage)\b.*\.md$/i.test(file))
      .map((file) => readFileSync(join(root, name, file), 'utf8'))
      .join('\n'),
  );
}

/**
 * Debian's changelogs, in pieces of 2,000 characters, labelled by source package. `bare` leaves out the lines that name
 * the package and whoever changed it, which would give the label away.
 */
export function debianChangelogs(
  seed: string,
  packages: number,
  piecesPerPackage: number,
  { bare }: { bare: boolean },
): Labelled[] {
  const root = '/usr/share/doc';
  const sources = new Map<string, string>();
  for (const name of existsSync(root) ? readdirSync(root).sort() : []) {
    const file = join(root, name, 'changelog.Debian.gz');
    if (!existsSync(file)) continue;
    const text = gunzipSync(readFileSync(file)).toString('utf8');
    const source = /^\S+/.exec(text)?.[0] ?? name;
    if (text.length > (sources.get(source)?.length ?? 0)) sources.set(source, text);
  }
  return choose(seed, packages, piecesPerPackage, [...sources.keys()], (source) => {
    const text = sources.get(source) ?? '';
    return bare ? text.replace(/^(\S+ \(.*| -- .*|\s+\[.*\]\s*)$/gm, '') : text;
  });
}

/** Names that have enough text, chosen by the seed; so many pieces of each, from its beginning. */
function choose(
  seed: string,
  count: number,
  pieces: number,
  names: readonly string[],
  textOf: (name: string) => string,
): Labelled[] {
  const chosen: Labelled[] = [];
  let taken = 0;
  for (const { text: name } of shuffled(
    names.map((text) => ({ label: text, text })),
    `names ${seed}`,
  )) {
    if (taken === count) break;
    const text = textOf(name);
    if (text.length < pieces * TEXT_CHARACTERS) continue;
    taken++;
    for (let i = 0; i < pieces; i++) {
      const piece = text.slice(i * TEXT_CHARACTERS, (i + 1) * TEXT_CHARACTERS);
      chosen.push({ label: name, text: cutAtWord(piece, TEXT_CHARACTERS) });
    }
  }
  return shuffled(chosen, seed);
}

export function shuffled<T>(items: readonly T[], seed: string): T[] {
  const random = randomSequence(`order ${seed}`);
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
