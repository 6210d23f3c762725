/**
 * Numbers that states give to people. One that its form and checksum set apart is found anywhere; the others only
 * behind their label, because any number of as many digits would do.
 */
import { isDay, isLuhn, weighted } from './checksum.ts';
import { anyOf, byPattern, onlyIf } from './detector.ts';

const bare = (match: string): string => match.replaceAll(/[^0-9A-Za-z]/g, '');

/** United States: area, group, serial. No checksum: what was never issued is left out, and so is the usual example. */
const SSN = /(?<![\w.-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-]|\.\d)/g;
const isIssuedSsn = (match: string): boolean => match !== '123-45-6789';

/** United Kingdom, National Insurance; some prefixes are never given. */
const NINO = /\b(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b/g;

/** Spain, DNI and NIE: the letter is the number modulo 23. */
const DNI = /(?<![\w-])(?:\d{8}|[XYZ]-?\d{7})-?[A-HJ-NP-TV-Z](?![\w-])/g;
function isDni(match: string): boolean {
  const compact = bare(match);
  const number = Number(compact.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter))));
  return 'TRWAGMYFPDXBNJZSQVHLCKE'.charAt(number % 23) === compact.at(-1);
}

/** Italy, codice fiscale: fifteen characters, each worth another number at odd places, modulo 26. */
const CODICE = /\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b/g;
const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
function isCodice(match: string): boolean {
  let sum = 0;
  for (const [at, character] of match.slice(0, 15).split('').entries()) {
    const value = Number.isNaN(Number(character)) ? character.charCodeAt(0) - 65 : Number(character);
    sum += at % 2 === 0 ? (ODD[value] ?? 0) : value;
  }
  return String.fromCharCode(65 + (sum % 26)) === match.at(15);
}

/** Brazil, CPF as it is written: two digits modulo 11. */
const CPF = /(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\w-])/g;
function isCpf(match: string): boolean {
  const digits = bare(match);
  const check = (count: number): number =>
    ((weighted(
      digits,
      Array.from({ length: count }, (_, at) => count + 1 - at),
      11,
    ) *
      10) %
      11) %
    10;
  return new Set(digits).size > 1 && check(9) === Number(digits[9]) && check(10) === Number(digits[10]);
}

/** France, NIR: sex, year, month, place and order, and a key modulo 97. */
const NIR =
  /(?<![\w.-])[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}(?![\w.-])/g;
function isNir(match: string): boolean {
  const compact = bare(match).replace('2A', '19').replace('2B', '18');
  return 97n - (BigInt(compact.slice(0, 13)) % 97n) === BigInt(compact.slice(13));
}

/** China, resident identity: place, day of birth, order, and ISO 7064 MOD 11-2. */
const RESIDENT =
  /(?<![\w.-])[1-8]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\w.-])/g;
function isResident(match: string): boolean {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  return '10X98765432'.charAt(weighted(match, weights, 11)) === match.at(-1)?.toUpperCase();
}

/** Switzerland, AHV: the country's prefix and the check digit of EAN-13. */
const AHV = /(?<![\w.-])756\.\d{4}\.\d{4}\.\d{2}(?![\w-]|\.\d)/g;
const isAhv = (match: string): boolean =>
  (10 - weighted(bare(match), [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3], 10)) % 10 === Number(bare(match)[12]);

/** Belgium: day of birth, order, and modulo 97, with a 2 in front for births from 2000 on. */
const BELGIAN = /(?<![\w.-])\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}(?![\w-]|\.\d)/g;
function isBelgian(match: string): boolean {
  const digits = bare(match);
  const keys = ['', '2'].map((century) => 97 - (Number(century + digits.slice(0, 9)) % 97));
  return isDay(digits) && keys.includes(Number(digits.slice(9)));
}

/** Sweden: day of birth, order, Luhn. */
const SWEDISH = /(?<![\w.+-])(?:19|20)?\d{6}[-+]\d{4}(?![\w-]|\.\d)/g;
const isSwedish = (match: string): boolean => isDay(bare(match).slice(-10)) && isLuhn(bare(match).slice(-10));

/** Finland: day of birth, century, order, and a character modulo 31. */
const FINNISH = /(?<![\w.+-])\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y](?![\w-])/g;
const isFinnish = (match: string): boolean =>
  isDay(match.slice(4, 6) + match.slice(2, 4) + match.slice(0, 2)) &&
  '0123456789ABCDEFHJKLMNPRSTUVWXY'.charAt(Number(match.slice(0, 6) + match.slice(7, 10)) % 31) ===
    match.at(10);

/** What needs its label: no checksum, or one that a tenth of all numbers would pass. */
const LABELLED =
  /(?<![\p{L}\p{N}])(?:SSN|social security(?: number| no\.?)?|national insurance(?: number| no\.?)?|national id(?:entity)?(?: number| card)?(?: no\.?)?|passport(?: number| no\.?)?|Reisepass(?:nummer|nr\.?)?|Personalausweis(?:nummer|nr\.?)?|driver'?s licen[cs]e(?: number| no\.?)?|Steuer-?ID(?:nummer)?|Steuernummer|IdNr\.?|Sozialversicherungsnummer|BSN|burgerservicenummer|PESEL|CPF|DNI|NIE|NIF|CPR(?:-nr\.?)?|personnummer|tax id|Aadhaar|numéro de sécurité sociale|codice fiscale)[ \t]*[:#=]?[ \t]*(?:is[ \t]+)?["']?([A-Z]{0,3}\d(?:[ ./-]?[A-Z\d]){4,17})(?![\w-])/giu;
const LABELLED_DIGITS_MIN = 5;

export const nationalIds = anyOf(
  ...(
    [
      [SSN, isIssuedSsn],
      [NINO, () => true],
      [DNI, isDni],
      [CODICE, isCodice],
      [CPF, isCpf],
      [NIR, isNir],
      [RESIDENT, isResident],
      [AHV, isAhv],
      [BELGIAN, isBelgian],
      [SWEDISH, isSwedish],
      [FINNISH, isFinnish],
      [LABELLED, (match: string) => match.replace(/\D/g, '').length >= LABELLED_DIGITS_MIN],
    ] as const
  ).map(([pattern, accept]) => byPattern('national-id', pattern, onlyIf(accept))),
);
