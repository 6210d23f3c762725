/** Personal data in a text, and masking it: a placeholder says what was there, so the text stays readable. */
import { birthDates } from './personal/birth-date.ts';
import { emails, phones } from './personal/contact.ts';
import type { Detector } from './personal/detector.ts';
import { nationalIds } from './personal/national-id.ts';
import { ipAddresses, macAddresses } from './personal/network-address.ts';
import { cards, ibans } from './personal/payment.ts';
import { occurrencesOf, personNames } from './personal/person-name.ts';
import { coordinates, homeNames } from './personal/place.ts';
import { postalAddresses } from './personal/postal-address.ts';
import type { Finding } from './secrets.ts';

/** Most specific first: what an earlier one took, a later one leaves alone. */
const DETECTORS: readonly Detector[] = [
  emails,
  ibans,
  nationalIds,
  cards,
  macAddresses,
  ipAddresses,
  birthDates,
  coordinates,
  phones,
  homeNames,
  postalAddresses,
  personNames,
];

/**
 * E-mail and postal addresses, telephone numbers, IBANs, payment cards, national numbers, IP and MAC addresses,
 * names of people in telling places, names in home directories, positions and days of birth: without overlaps, in
 * order. `known` are names that were found elsewhere, such as in the text that this one was made from.
 */
export function findPersonalData(text: string, known: Iterable<string> = []): Finding[] {
  const taken = new Uint8Array(text.length);
  const findings: Finding[] = [];
  for (const detector of [...DETECTORS, (whole: string) => occurrencesOf(known, whole)]) {
    for (const finding of detector(text)) {
      if (taken.subarray(finding.start, finding.end).includes(1)) continue;
      taken.fill(1, finding.start, finding.end);
      findings.push(finding);
    }
  }
  return findings.sort((a, b) => a.start - b.start);
}

export interface Masked {
  readonly text: string;
  /** Pieces that were masked. */
  readonly masked: number;
  readonly maskedCharacters: number;
  /** Names of people that were masked, for texts that were made from this one. */
  readonly names: ReadonlySet<string>;
}

/** Replaces personal data by what it was, such as `[EMAIL]` or `[BIRTH_DATE]`. */
export function maskPersonalData(text: string, known: Iterable<string> = []): Masked {
  const findings = findPersonalData(text, known);
  const names = new Set<string>();
  let result = '';
  let from = 0;
  let maskedCharacters = 0;
  for (const { name, start, end } of findings) {
    result += `${text.slice(from, start)}[${name.toUpperCase().replaceAll('-', '_')}]`;
    maskedCharacters += end - start;
    from = end;
    if (name === 'name') names.add(text.slice(start, end));
  }
  return { text: result + text.slice(from), masked: findings.length, maskedCharacters, names };
}
