/** Personal data in a text, and masking it: a placeholder says what was there, so the text stays readable. */
import type { Finding } from './secrets.ts';

const EMAIL =
  /\b[A-Za-z0-9](?:[A-Za-z0-9._%+-]{0,62}[A-Za-z0-9_%+-])?@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}\b/g;
const IBAN = /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b/g;
const CARD = /(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d.-])/g;
/** International (`+49 30 1234567`) or North American with separators (`(555) 123-4567`). */
const PHONE =
  /(?<![\w.+-])(?:\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,6}|(?:\(\d{3}\) ?|\d{3}[.-])\d{3}[.-]\d{4})(?![\w-]|\.\d)/g;
const IPV4 = /(?<![\w.-])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w-]|\.\d)/g;
const IPV6 =
  /(?<![\w:.])(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){2,6}:(?:[0-9a-f]{1,4}:){0,4}[0-9a-f]{1,4})(?![\w:.])/gi;

/** How many characters of a match are personal data; 0 for none. */
type Check = (match: string) => number;
const allIf =
  (accept: (match: string) => boolean): Check =>
  (match) =>
    accept(match) ? match.length : 0;

/** Most specific first: what an earlier pattern took, a later one leaves alone. */
const DETECTORS: readonly (readonly [name: string, pattern: RegExp, check: Check])[] = [
  ['email', EMAIL, allIf(() => true)],
  ['iban', IBAN, ibanCharacters],
  ['card', CARD, allIf(isCard)],
  ['ip', IPV4, allIf((match) => !/^(?:0\.|127\.|255\.)/.test(match))],
  ['ip', IPV6, allIf(() => true)],
  ['phone', PHONE, allIf((match) => match.replace(/\D/g, '').length >= 9)],
];

/** E-mail and IP addresses, phone numbers, IBANs and payment cards, without overlaps, in order. */
export function findPersonalData(text: string): Finding[] {
  const findings: Finding[] = [];
  for (const [name, pattern, check] of DETECTORS) {
    for (const match of text.matchAll(pattern)) {
      const characters = check(match[0]);
      const start = match.index;
      const end = start + characters;
      if (characters === 0) continue;
      if (findings.some((other) => start < other.end && other.start < end)) continue;
      findings.push({ name, start, end });
    }
  }
  return findings.sort((a, b) => a.start - b.start);
}

/** Replaces personal data by `[EMAIL]`, `[PHONE]`, `[IBAN]`, `[CARD]` and `[IP]`. */
export function maskPersonalData(text: string): { text: string; masked: number; maskedCharacters: number } {
  const findings = findPersonalData(text);
  let result = '';
  let from = 0;
  let maskedCharacters = 0;
  for (const { name, start, end } of findings) {
    result += `${text.slice(from, start)}[${name.toUpperCase()}]`;
    maskedCharacters += end - start;
    from = end;
  }
  return { text: result + text.slice(from), masked: findings.length, maskedCharacters };
}

/** The pattern takes upper-case words that follow an IBAN along: groups are dropped until the checksum holds. */
function ibanCharacters(match: string): number {
  for (let groups = match; groups !== ''; groups = groups.slice(0, Math.max(0, groups.lastIndexOf(' ')))) {
    if (isIban(groups)) return groups.length;
  }
  return 0;
}

/** ISO 13616: the country and check digits moved to the end, letters as numbers, modulo 97 is 1. */
function isIban(match: string): boolean {
  const compact = match.replaceAll(' ', '');
  if (compact.length < 15 || compact.length > 34) return false;
  let remainder = 0;
  for (const character of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}

/** ISO/IEC 7812: the Luhn checksum; cards begin with 2 to 6, times in milliseconds with 1. */
function isCard(match: string): boolean {
  const digits = match.replace(/\D/g, '');
  if (!/^[2-6]/.test(digits) || new Set(digits).size === 1) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
