/** E-mail addresses and telephone numbers. */
import { anyOf, byPattern, onlyIf } from './detector.ts';

const LABEL = '[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]{0,61}[\\p{L}\\p{N}])?';
const EMAIL = new RegExp(
  `(?<![\\p{L}\\p{N}._%+-])[\\p{L}\\p{N}](?:[\\p{L}\\p{N}._%+-]{0,62}[\\p{L}\\p{N}_%+-])?@(?:${LABEL}\\.){1,8}\\p{L}{2,24}(?![\\p{L}\\p{N}])`,
  'gu',
);
/** `jane [at] example [dot] org`, `jane(at)example.org`. */
const SPELT_EMAIL =
  /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}][\p{L}\p{N}._%+-]{0,62} ?[[({<] ?at ?[\])}>] ?[\p{L}\p{N}-]{1,63}(?:(?:\.| ?[[({<] ?dot ?[\])}>] ?)[\p{L}\p{N}-]{2,63}){1,5}/giu;

/** Ends of file and unit names: `icon@2x.png`, `getty@tty1.service`. None of them is a top-level domain. */
const FILE_ENDING =
  /\.(?:png|jpe?g|gif|svg|webp|ico|m?js|cjs|tsx?|jsx|css|scss|less|html?|json|ya?ml|txt|xml|vue|log|conf|service|socket|target|timer|mount|slice|path)$/i;

/** `git@host` names a service: every user of it writes the same. */
const isMailbox = (match: string): boolean => !FILE_ENDING.test(match) && !match.startsWith('git@');

export const emails = anyOf(byPattern('email', EMAIL, onlyIf(isMailbox)), byPattern('email', SPELT_EMAIL));

/** International (`+49 30 1234567`) or North American with separators (`(555) 123-4567`). */
const PHONE =
  /(?<![\w.+~-])(?:\+\d{1,3}(?:[ .-]?\(?\d{1,5}\)?){2,6}|\(\d{3}\) ?\d{3}[.-]\d{4}|\d{3}(?:-\d{3}-|\.\d{3}\.)\d{4})(?: ?(?:x|ext\.?) ?\d{1,6})?(?![\w-]|\.\d)/g;
/** National numbers look like any other number: they need their label. */
const LABELLED_PHONE =
  /(?<![\p{L}\p{N}])(?:tel(?:efon|ephone|éfono|efono|\.?)?|phone|mobile?|mobil|handy|cell(?:phone)?|fax|call|ring|telefax|tél(?:éphone|\.)?|móvil|cellulare|☎|📞)[ \t]*(?:no\.?|number|nr\.?)?[ \t]*[.:=]{0,2}[ \t"']{0,3}(\(?0\d{0,4}\)?(?:[ ./-]{0,2}\d{1,5}){1,6})(?![\w-]|\.\d)/giu;

const PHONE_DIGITS_MIN = 9;
const NATIONAL_DIGITS_MIN = 7;
const PHONE_DIGITS_MAX = 15;
const digitsIn = (match: string): number => match.replace(/\D/g, '').length;
/** A day behind a plus, as builds are numbered. */
const DAY_STAMP = /^\+(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])/;

export const phones = anyOf(
  byPattern(
    'phone',
    PHONE,
    onlyIf(
      (match) =>
        digitsIn(match) >= PHONE_DIGITS_MIN && digitsIn(match) <= PHONE_DIGITS_MAX && !DAY_STAMP.test(match),
    ),
  ),
  byPattern(
    'phone',
    LABELLED_PHONE,
    onlyIf((match) => digitsIn(match) >= NATIONAL_DIGITS_MIN && digitsIn(match) <= PHONE_DIGITS_MAX),
  ),
);
