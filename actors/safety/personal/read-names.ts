/** Reads names at a place where a person is expected, and tells them from the organisations that stand there too. */
import { NOT_A_PERSON } from './not-a-person.ts';

export interface ReadName {
  readonly start: number;
  readonly end: number;
}

export interface Expectation {
  /** One word is enough. */
  readonly oneWord: boolean;
  /** All words may be capitals. */
  readonly capitals: boolean;
}

/** `J.`, `J.H.M.`, `Jane`, `O’Donnell`, `Jean-Luc`, `McAllister`. */
const WORD =
  "(?:\\p{Lu}\\.(?:-?\\p{Lu}\\.){0,3}|\\p{Lu}[\\p{L}\\p{M}]{0,29}(?:['’-]\\p{L}[\\p{L}\\p{M}]{0,29}){0,3})";
const PARTICLE = '(?:van|von|de|der|den|del|della|di|da|dos|du|la|le|ter|ten|zu|zur|el|al|bin|ibn|af|av)';
const NAME = `${WORD}(?:[ \\u00a0](?:${PARTICLE} ){0,2}${WORD}){0,4}`;
const FIRST = new RegExp(NAME, 'yu');
const FURTHER = new RegExp(`(?:, and |, & | and | & | und | et | y |, )(${NAME})`, 'yu');
const LAST = new RegExp(`(?<![\\p{L}\\p{N}])(${NAME})$`, 'u');
/** What follows the name of a company: `Red Hat, Inc.` */
const COMPANY = /^,? (?:Inc|Ltd|LLC|LLP|GmbH|AG|Corp|Co|Limited|S\.A|B\.V|Pty)\b/;

const FURTHER_MAX = 12;
const BEFORE_CHARACTERS = 80;

/** The names that begin at `at`, joined by commas and words such as `and`. */
export function readNames(text: string, at: number, expectation: Expectation): ReadName[] {
  FIRST.lastIndex = at;
  const first = FIRST.exec(text);
  if (first === null) return [];
  const names: ReadName[] = [];
  const take = (start: number, name: string): void => {
    const trimmed = trim(name, start);
    const kept = text.slice(trimmed.start, trimmed.end);
    if (COMPANY.test(text.slice(trimmed.end, trimmed.end + 12))) return;
    if (isPersonsName(kept, expectation)) names.push(trimmed);
  };
  take(at, first[0]);
  let end = at + first[0].length;
  for (let further = 0; further < FURTHER_MAX; further++) {
    FURTHER.lastIndex = end;
    const match = FURTHER.exec(text);
    const name = match?.[1];
    if (match === null || name === undefined) break;
    take(match.index + match[0].length - name.length, name);
    end = match.index + match[0].length;
  }
  return names;
}

/** The name that ends at `end`, on the same line. */
export function readNameBefore(text: string, end: number): ReadName | undefined {
  const from = Math.max(0, end - BEFORE_CHARACTERS, text.lastIndexOf('\n', end - 1) + 1);
  const match = LAST.exec(text.slice(from, end));
  if (match?.[1] === undefined) return undefined;
  return trim(match[1], from + match.index);
}

/** Without leading words that no name begins with, such as `Contact` or `Maintainer`, and without a genitive. */
function trim(name: string, start: number): ReadName {
  const words = name.split(/[ \u00a0]/);
  let skipped = 0;
  while (words.length > 1 && NOT_A_PERSON.has(plain(words[0] ?? '')))
    skipped += (words.shift() ?? '').length + 1;
  return { start: start + skipped, end: start + name.replace(/['’]s$/, '').length };
}

/** Whether words with capitals are a person rather than a company, a product or a heading. */
export function isPersonsName(name: string, { oneWord, capitals }: Expectation): boolean {
  const words = name.split(/[ \u00a0]/);
  const full = words.filter((word) => /^\p{Lu}/u.test(word) && word.replaceAll('.', '').length > 1);
  if (full.length === 0 || (words.length < 2 && !oneWord)) return false;
  if (words.some((word) => NOT_A_PERSON.has(plain(word)))) return false;
  return capitals || full.some((word) => /\p{Ll}/u.test(word)) || !/\p{Lu}{2}/u.test(name);
}

const plain = (word: string): string => word.replaceAll(/['’.]/g, '').toLowerCase();
