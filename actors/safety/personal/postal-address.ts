/**
 * Postal addresses in the forms of several countries. A street and number that could as well be something else
 * (`2 Hard Drive`, `Via Node 20`) counts only with a town behind it.
 */
import { anyOf, byPattern } from './detector.ts';

const CAPITAL = "\\p{Lu}[\\p{L}'’.-]{0,24}";
const START = '(?<![\\p{L}\\p{N}.,#/-])';
const END = '(?![\\p{L}\\p{N}])';

/** `Apt 4b`, `Suite 200`, `Fifth Floor`. */
const UNIT = `(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Floor|Room|#)\\.? ?[\\p{L}\\d-]{1,6}|, \\p{Lu}\\p{L}{2,12} Floor)`;
const TOWN = [
  // Boston, MA 02110-1301
  `\\p{Lu}[\\p{L}.'-]{1,20}(?: \\p{Lu}[\\p{L}.'-]{1,20}){0,3},? [A-Z]{2},? \\d{5}(?:-\\d{4})?`,
  // Leeds LS1 4AP
  `(?:\\p{Lu}[\\p{L}'-]{1,20},? ){0,3}[A-Z]{1,2}\\d[A-Z\\d]? \\d[A-Z]{2}`,
  // 10969 Berlin, F-69002 Lyon, 00-590 Warszawa, 01305-100 São Paulo, 1016 HR Amsterdam
  `(?:[A-Z]{1,2}-)?(?:\\d{2}-\\d{3}|\\d{4,5}(?:-\\d{3})?)(?: [A-Z]{2})? \\p{Lu}[\\p{L}'-]{1,24}(?:[ -]\\p{Lu}[\\p{L}'-]{1,24}){0,2}`,
  // Bengaluru 560001
  `\\p{Lu}\\p{L}{2,20},? \\d{6}`,
].join('|');
const COUNTRY =
  '(?:USA|UK|United States|United Kingdom|England|Germany|Deutschland|France|Spain|España|Italy|Italia|Poland|Polska|Netherlands|Nederland|Brazil|Brasil|India|Canada|Austria|Österreich|Switzerland|Schweiz|Suisse)';
const TAIL = `,?\\s{1,3}(?:${TOWN})(?:,\\s{1,3}${COUNTRY})?`;

/** A street that is one for certain, and one that needs its town. */
function streets(certain: string, doubtful: string) {
  return anyOf(
    byPattern('address', new RegExp(`${START}(?:${certain})${UNIT}?(?:${TAIL})?${END}`, 'gu')),
    byPattern('address', new RegExp(`${START}(?:${doubtful})${UNIT}?${TAIL}${END}`, 'gu')),
  );
}

/** A year before two words with capitals is a copyright of Jane Lane. */
const NUMBER_FIRST = `(?!(?:19|20)\\d{2} )\\d{1,6}[a-zA-Z]?,? (?:[\\p{Lu}\\d][\\p{L}\\d'’.-]{0,24} ){1,4}`;
const english = streets(
  `${NUMBER_FIRST}(?:Street|Avenue|Ave|Road|Boulevard|Blvd|Lane|Parkway|Pkwy|Crescent)${END}\\.?`,
  `${NUMBER_FIRST}(?:St|Rd|Ln|Drive|Dr|Court|Ct|Highway|Hwy|Square|Sq|Close|Way|Place|Pl|Terrace)${END}\\.?`,
);

const NUMBER_LAST = ',? \\d{1,4} ?[a-z]?(?![\\p{L}\\d])';
const german = streets(
  `(?:\\p{Lu}[\\p{L}-]{1,28}(?:straße|strasse|str\\.|platz|allee|gasse|ufer|straat|laan|plein|gracht|kade)|(?:\\p{Lu}\\p{L}{1,20}[ -]){1,3}(?:Straße|Strasse|Str\\.|Allee|Gasse|Ufer))${NUMBER_LAST}`,
  `(?:\\p{Lu}[\\p{L}-]{1,28}(?:weg|damm|ring)|(?:\\p{Lu}\\p{L}{1,20}[ -]){1,3}(?:Platz|Weg|Damm|Ring)|(?:Am|An der|An den|Auf der|Im|In der|In den|Zum|Zur)(?: \\p{Lu}[\\p{L}-]{1,24}){1,3})${NUMBER_LAST}`,
);

const ARTICLES =
  "(?:(?:de|du|des|del|della|dei|degli|di|da|do|dos|das|la|las|le|les|los|aux|à|et|e|y) |d'|l'){0,3}";
const PROPER = `${ARTICLES}${CAPITAL}(?: ${ARTICLES}${CAPITAL}){0,3}`;
const french = streets(
  `\\d{1,4}(?: (?:bis|ter|quater))?,? (?:rue|avenue|av\\.|boulevard|bd|allée|chemin|impasse|quai|place) ${PROPER}`,
  `\\d{1,4},? (?:cours|route|square) ${PROPER}`,
);
const southern = streets(
  `(?:Calle|C/|Avenida|Avda\\.?|Plaza|Paseo|Carrera|Viale|Piazza|Rua|Travessa|Praça|ul\\.|Ulica) ${PROPER},? (?:n[.º°]{0,2} ?)?\\d{1,5}[a-zA-Z]?(?![\\p{L}\\d])`,
  `(?:Via|Corso|Largo|Camino|Alameda|al\\.|os\\.) ${PROPER},? \\d{1,5}[a-zA-Z]?(?![\\p{L}\\d])`,
);

const postBox = byPattern(
  'address',
  new RegExp(`${START}(?:P\\.? ?O\\.? Box|Postfach|Boîte postale) \\d{1,6}(?:${TAIL})?${END}`, 'gu'),
);
const japanese = byPattern('address', /〒\d{3}-\d{4}[^\n.,;()]{0,50}/gu);

export const postalAddresses = anyOf(english, german, french, southern, postBox, japanese);
