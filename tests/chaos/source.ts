/**
 * Documents made from a seed, and what the pipeline must make of them: which are one artifact and which are none.
 * What counts as the same is the product's own `identityOf`; what is valid is said here by how a file was made.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { identityOf } from '../../actors/intake/identity.ts';
import { contentTypeOf } from '../../actors/node/collectors/read-file.ts';
import { randomSequence } from '../../runtime/randomness.ts';

export interface DocumentSource {
  /** Absolute path of the directory. */
  readonly folder: string;
  readonly files: number;
  /** Identities of the artifacts that must be accepted, each once. */
  readonly identities: ReadonlySet<string>;
}

/** More than a message takes: it travels by reference. */
const LARGE_BYTES = 700 * 1024;

const TOPICS: Readonly<Record<string, readonly string[]>> = {
  storage: ['write-ahead log', 'compaction', 'checksum', 'torn page', 'recovery', 'snapshot', 'cursor'],
  network: ['reconnect', 'back-off', 'heartbeat', 'lease', 'partition', 'timeout', 'throughput'],
  security: ['vulnerability', 'exploit', 'patch', 'token', 'injection', 'privilege', 'audit'],
  science: ['protéine', 'température', 'équilibre', 'Größe', 'Messung', 'θερμοκρασία', 'спектр'],
  cooking: ['味噌汁', 'gyōza', 'jalapeño', 'crème brûlée', 'smörgåsbord', '🍜', 'phở'],
};
const VERBS = ['improves', 'breaks', 'explains', 'replaces', 'guards', 'measures', 'delays', 'repeats'];
const DOMAINS = Object.keys(TOPICS);

/** Writes `files` documents (at least 30) below `folder`; the same seed writes the same bytes. */
export function writeDocuments(folder: string, seed: string, files: number): DocumentSource {
  const random = randomSequence(`documents ${seed}`);
  const upTo = (count: number): number => Math.floor(random() * count);
  const one = <T>(of: readonly T[]): T => of[upTo(of.length)] as T;
  const identities = new Set<string>();
  let written = 0;

  const writeBytes = (name: string, bytes: Uint8Array): void => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    written++;
  };
  /** A file that must be accepted, unless another one is the same artifact. */
  const write = (name: string, content: string): void => {
    writeBytes(name, Buffer.from(content));
    identities.add(identityOf(contentTypeOf(name), content));
  };

  const sentence = (domain: string): string => {
    const words = TOPICS[domain] ?? [];
    return `The ${one(words)} ${one(VERBS)} the ${one(words)} after ${upTo(10_000)} ${one(words)} steps.`;
  };
  const text = (domain: string, number: number): string =>
    [
      `# Note ${number} on ${domain}\n`,
      ...Array.from({ length: 2 + upTo(30) }, () => sentence(domain)),
      ...(random() < 0.1 ? [`Ask person${upTo(4)}@example.org about it.`] : []),
    ].join(random() < 0.5 ? '\n' : ' ');

  // What is special comes first, so that it is in the smallest source too.
  writeBytes('storage/empty.md', Buffer.alloc(0));
  writeBytes('storage/blank.txt', Buffer.from(' \n\t\r\n'));
  writeBytes('network/not-utf8.md', Buffer.from([0x48, 0x69, 0x20, 0xc3, 0x28, 0xff, 0xfe, 0x0a]));
  writeBytes('network/binary.txt', Buffer.from('A text with a NUL \0 inside.'));
  const page = `${sentence('storage')}\n`;
  const large = page.repeat(Math.ceil(LARGE_BYTES / Buffer.byteLength(page)));
  write('storage/large.md', large);
  write('storage/large, but for its end.md', `${large}The end.`);
  write('security/LARGE.txt', large.toUpperCase());
  write(
    'science/composed.md',
    'Ein Ångström ist eine Länge; é, ﬁ and Ａ have several forms.'.normalize('NFC'),
  );
  write(
    'science/decomposed.md',
    'Ein Ångström ist eine Länge; é, ﬁ and Ａ have several forms.'.normalize('NFD'),
  );
  write('science/sharp s.txt', 'Die Straße ist 12 km lang und führt am Fluß entlang.');
  write('security/sharp S.txt', 'DIE STRASSE IST 12 KM LANG UND FÜHRT AM FLUSS ENTLANG.');
  write('cooking/料理 🍜.md', `${sentence('cooking')} ${sentence('cooking')}`);
  write('storage/case.ts', 'export const Limit = 12; // where case is meaning');
  write('storage/Case.ts', 'export const limit = 12; // where case is meaning');
  write('storage/row.json', '{"id": 1, "name": "first"}');
  write('storage/row too.json', '{"id": 1,  "name": "first"}');
  // Masking the address leaves the same example twice: the curator may take one.
  write(
    'network/mail a.md',
    'When the heartbeat stops, write to anna@example.org and wait for the lease to end.',
  );
  write(
    'network/mail b.md',
    'When the heartbeat stops, write to bert@example.org and wait for the lease to end.',
  );

  const earlier: { name: string; content: string }[] = [];
  for (let number = 0; written < files; number++) {
    const domain = one(DOMAINS);
    const kind = random();
    const before = earlier.length === 0 || kind < 0.75 ? undefined : one(earlier);
    const name = `${domain}/${before === undefined ? '' : 'again '}${number}.md`;
    const content =
      before === undefined
        ? text(domain, number)
        : kind < 0.87
          ? before.content
          : ` ${before.content.toUpperCase().replaceAll(' ', '  \n')}\t`;
    earlier.push({ name, content });
    write(name, content);
  }
  return { folder, files: written, identities };
}
