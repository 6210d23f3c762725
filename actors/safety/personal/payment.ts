/** IBANs and payment cards; both carry a checksum. */
import { byPattern, onlyIf } from './detector.ts';
import { isLuhn } from './checksum.ts';

const IBAN = /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b/gi;
const CARD = /(?<![\w./-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)/g;

export const ibans = byPattern('iban', IBAN, ibanCharacters);
export const cards = byPattern('card', CARD, onlyIf(isCard));

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

/** First digits and lengths of the large issuers: Visa, Mastercard, American Express, Discover, JCB, Diners, UnionPay. */
const ISSUER =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|3[47]\d{13}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|62\d{14,17})$/;
/** Written in one, or in the groups that stand on cards. */
const GROUPS = /^(?:\d+|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5})$/;

/** ISO/IEC 7812: an issuer's number with the Luhn checksum. */
function isCard(match: string): boolean {
  const digits = match.replace(/\D/g, '');
  return GROUPS.test(match) && ISSUER.test(digits) && new Set(digits).size > 1 && isLuhn(digits);
}
