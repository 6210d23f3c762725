/**
 * Names of people where the text says that a person follows: behind `From:`, `Copyright 2019`, `Thanks to`, a title,
 * before an e-mail address, in a changelog's section. A name in the middle of a sentence looks like any two words
 * with capitals; it is found only when the same name stands in such a place elsewhere in the text.
 */
import type { Finding } from '../secrets.ts';
import { isPersonsName, type ReadName, readNameBefore, readNames } from './read-names.ts';

interface Place {
  /** Ends where the name begins. */
  readonly before: RegExp;
  /** What must follow the names, if anything must. */
  readonly after?: RegExp;
  /** Whether one word is enough: only where nothing but a person can follow. */
  readonly oneWord?: true;
  /** Whether the name may be in capitals only. */
  readonly capitals?: true;
}

const YEARS = '\\d{4}(?:[ \\t]?[-–,][ \\t]?(?:\\d{2,4}|present|now)){0,24}';
const WORD_START = '(?<![\\p{L}\\p{N}])';

const PLACES: readonly Place[] = [
  // Copyright (c) 2019-2021 Jane Doe · © Jane Doe · Copyright: 2007, Jane Doe
  {
    before: new RegExp(
      `(?:${WORD_START}Copyright|©|${WORD_START}\\([cC]\\))(?:[ \\t]{0,3}(?:\\([cC]\\)|©|:)){0,2}[ \\t]{0,8}(?:${YEARS}[,:]?[ \\t]{1,8})?(?:[Bb]y:?[ \\t]{1,3})?\\[?`,
      'gu',
    ),
  },
  // The further lines of a list of copyrights.
  {
    before: new RegExp(`^[ \\t]{1,20}(?:\\([cC]\\)[ \\t]?)?${YEARS},?[ \\t]{1,8}`, 'gmu'),
    after: /^[ \t]*(?:\n|$)/,
  },
  // [ Jane Doe ] in a changelog
  { before: /^[ \t]{0,8}\[ /gm, after: /^ \][ \t]*(?:\n|$)/ },
  { before: /^ {2}\[/gm, after: /^\]\n {2}[*-]/ },
  // Lines of a message, a commit, a form, a package
  {
    before: new RegExp(
      `${WORD_START}(?:from|to|cc|bcc|reply-to|sender|authors?|maintainers?|uploaders?|committers?|upstream-contact|[a-z]{3,12}(?:-[a-z]{3,12})?-by|co-authored-by|contact(?: person)?|full[ _-]?name|patient|customer|client|employee|recipient|assignee|passenger|tenant|applicant|attn|kunde|kundin|patientin|mitarbeiter(?:in)?|ansprechpartner(?:in)?|absender|empfänger|von|an|nom(?: complet)?|auteure?|destinataire|nombre completo|cliente|autore?a?|destinatario|autor(?:in)?)["'*_]{0,3}[ \\t]{0,4}[:=][ \\t]{0,8}["'*_[]{0,3}`,
      'giu',
    ),
    capitals: true,
  },
  {
    before: new RegExp(
      `${WORD_START}(?:first[ _-]?name|given[ _-]?name|last[ _-]?name|sur[ _-]?name|family[ _-]?name|vorname|nachname|familienname|prénom|apellidos?|cognome|achternaam)["'*_]{0,3}[ \\t]{0,4}[:=][ \\t]{0,4}["'*_]{0,3}`,
      'giu',
    ),
    oneWord: true,
    capitals: true,
  },
  { before: /@author[ \t]{1,8}/g },
  { before: /"author"\s{0,4}:\s{0,4}\{\s{0,8}"name"\s{0,4}:\s{0,4}"/g },
  // Titles and salutations
  {
    before: new RegExp(
      `${WORD_START}(?:Mr|Mrs|Ms|Mx|Dr|Prof|Professor|Herrn?|Frau|Monsieur|Madame|Mme|Mlle|Señora?|Sra|Signora?|Dhr|Mevr)\\.?[ \\t]{1,2}(?:(?:Dr|Prof)\\.[ \\t])?`,
      'gu',
    ),
    oneWord: true,
  },
  {
    before: new RegExp(
      `${WORD_START}(?:Dear|Liebe[rs]?|Cher|Chère|Estimad[oa]|Querid[oa]|Gentile|Car[oa]|Beste)[ \\t]`,
      'gu',
    ),
    after: /^[ \t]?[,:!]/,
    oneWord: true,
  },
  // The end of a letter
  {
    before:
      /(?:regards|sincerely|cheers|best wishes|yours truly|grüßen|grüße|cordialement|saludos|saluti|groeten)[,!.]?[ \t]{0,4}\n[ \t\n]{0,8}(?:--?[ \t]{0,2})?/giu,
    after: /^[ \t]*(?:\n|$)/,
    oneWord: true,
  },
  // Thanks to Jane Doe · patch from Jane Doe · reported by Jane Doe
  {
    before: new RegExp(
      `${WORD_START}(?:thanks(?: also| goes| go)?,?(?: to)?|thank you,?|patch(?:es)?\\b[^\\n.;:]{0,60}?\\b(?:from|by)|(?:written|reported|suggested|contributed|submitted|found|discovered|fixed|maintained|created|authored|developed|translated|reviewed|spotted|designed|sponsored|packaged|requested|prepared|provided|implemented|invented|posted|sent|signed|approved|edited|founded|copyright(?:ed)?)(?: \\p{L}{1,15})? by|on behalf of|courtesy of|credits? (?:to|goes to|go to)|(?:contribution|suggestion|work|code|idea|help|report)s? (?:from|of|by))[ \\t]{0,3}:?[ \\t]{0,3}\\n?[ \\t*]{0,10}\\[?`,
      'giu',
    ),
  },
];

/** Distinct names that are looked for in the rest of a text. */
const REPEATED_NAMES_MAX = 64;
const REPEATED_CHARACTERS_MIN = 7;

/** Every name of a person that a place gives away, and every repetition of one. */
export function* personNames(text: string): Iterable<Finding> {
  const names = new Set<string>();
  for (const { start, end } of namesInPlaces(text)) {
    yield { name: 'name', start, end };
    const name = text.slice(start, end);
    if (name.length >= REPEATED_CHARACTERS_MIN && /\s/.test(name) && names.size < REPEATED_NAMES_MAX)
      names.add(name);
  }
  yield* occurrencesOf(names, text);
}

/** Where names that are known from elsewhere stand in a text, as whole words. */
export function* occurrencesOf(names: Iterable<string>, text: string): Iterable<Finding> {
  for (const name of names) {
    for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + name.length)) {
      const end = at + name.length;
      if (isLetter(text.charAt(at - 1)) || isLetter(text.charAt(end))) continue;
      yield { name: 'name', start: at, end };
    }
  }
}

function* namesInPlaces(text: string): Iterable<ReadName> {
  for (const { before, after, oneWord = false, capitals = false } of PLACES) {
    for (const match of text.matchAll(before)) {
      const read = readNames(text, match.index + match[0].length, { oneWord, capitals });
      if (read.length === 0) continue;
      if (
        after !== undefined &&
        !after.test(text.slice(read.at(-1)?.end, (read.at(-1)?.end ?? 0) + AFTER_CHARACTERS))
      )
        continue;
      yield* read;
    }
  }
  for (const match of text.matchAll(BEFORE_ADDRESS)) {
    const name = readNameBefore(text, match.index);
    if (
      name !== undefined &&
      isPersonsName(text.slice(name.start, name.end), { oneWord: true, capitals: true })
    )
      yield name;
  }
}

const AFTER_CHARACTERS = 24;
/** `Jane Doe <jane@…>`, `Jane Doe (jane@…)`, `[Jane Doe](mailto:jane@…)`. */
const BEFORE_ADDRESS =
  /["'”]?(?:[ \t]{0,2}\([^()\n]{1,30}\))?[ \t]{0,2}(?:[<(]|\]\(mailto:)(?=[\p{L}\p{N}._%+-]{1,64}(?:@| ?[[({<]? ?at ))/giu;

const isLetter = (character: string): boolean => /[\p{L}\p{N}]/u.test(character);
