/** One generated piece of personal data at a time, each kind in the forms of several countries. */
import {
  belgianDigits,
  cpfDigits,
  dniLetter,
  eanDigit,
  ibanDigits,
  luhnDigit,
  nirKey,
  residentDigit,
} from './masking-checksums.ts';
import { LOCALES, MAIL_HOSTS, OTHER_SCRIPTS } from './masking-words.ts';

export type Random = () => number;

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

/** `count` random digits; the first is not 0. */
export function digits(random: Random, count: number): string {
  return Array.from(
    { length: count },
    (_, at) => Math.floor(random() * (at === 0 ? 9 : 10)) + (at === 0 ? 1 : 0),
  ).join('');
}

const hex = (random: Random, count: number): string =>
  Array.from({ length: count }, () => Math.floor(random() * 16).toString(16)).join('');

export function personName(random: Random): string {
  if (random() < 0.04) return pick(random, OTHER_SCRIPTS);
  const { given, family } = pick(random, Object.values(LOCALES));
  const middle = random() < 0.12 ? ` ${pick(random, ['J.', 'M.', 'Q.'])}` : '';
  return `${pick(random, given)}${middle} ${pick(random, family)}`;
}

const ascii = (text: string): string =>
  text
    .normalize('NFD')
    .replaceAll(/[^A-Za-z]/g, '')
    .toLowerCase();

export function email(random: Random): string {
  const { given, family } = pick(random, Object.values(LOCALES));
  const [first, last] = [ascii(pick(random, given)), ascii(pick(random, family))];
  const local = pick(random, [
    `${first}.${last}`,
    `${first[0]}${last}`,
    `${last}+lists`,
    `${first}_${last}87`,
    first,
  ]);
  const host = pick(random, MAIL_HOSTS);
  if (random() < 0.08) return `${local} [at] ${host.replaceAll('.', ' [dot] ')}`;
  return random() < 0.06 ? `${local}@müller.example` : `${local}@${host}`;
}

export function phone(random: Random): string {
  const d = (count: number): string => digits(random, count);
  return pick(random, [
    `+49 ${d(3)} ${d(7)}`,
    `+44 20 ${d(4)} ${d(4)}`,
    `+33 6 ${d(2)} ${d(2)} ${d(2)} ${d(2)}`,
    `+1-${d(3)}-${d(3)}-${d(4)}`,
    `(${d(3)}) ${d(3)}-${d(4)}`,
    `${d(3)}-${d(3)}-${d(4)}`,
    `+55 (11) 9${d(4)}-${d(4)}`,
    `+81-3-${d(4)}-${d(4)}`,
    `+91 ${d(5)} ${d(5)}`,
    `+48${d(9)}`,
  ]);
}

/** As people write them at home: told apart from other numbers by their label only. */
export function nationalPhone(random: Random): string {
  const d = (count: number): string => digits(random, count);
  return pick(random, [
    `030 ${d(7)}`,
    `020 ${d(4)} ${d(4)}`,
    `06 ${d(2)} ${d(2)} ${d(2)} ${d(2)}`,
    `0${d(3)}/${d(6)}`,
  ]);
}

export function iban(random: Random): string {
  const [country, length] = pick(random, [
    ['DE', 18],
    ['AT', 16],
    ['ES', 20],
    ['CH', 17],
    ['BE', 12],
  ] as const);
  const account = digits(random, length);
  const whole = `${country}${ibanDigits(country, account)}${account}`;
  return random() < 0.5 ? whole : whole.replaceAll(/(.{4})(?!$)/g, '$1 ');
}

export function card(random: Random): string {
  const amex = random() < 0.2;
  const payload = amex
    ? `37${digits(random, 12)}`
    : `${pick(random, ['4', '51', '6011'])}${digits(random, 15)}`.slice(0, 15);
  const whole = payload + luhnDigit(payload);
  if (random() < 0.4) return whole;
  const separator = pick(random, [' ', '-']);
  return amex
    ? [whole.slice(0, 4), whole.slice(4, 10), whole.slice(10)].join(separator)
    : whole.replaceAll(/(.{4})(?!$)/g, `$1${separator}`);
}

export function ip(random: Random): string {
  const byte = (): number => 1 + Math.floor(random() * 254);
  return pick(random, [
    () => `${pick(random, [10, 62, 172, 192, 203])}.${byte()}.${byte()}.${byte()}`,
    () => `2001:db8:${hex(random, 4)}::${hex(random, 3)}`,
    () => `fe80::${hex(random, 4)}:${hex(random, 4)}:${hex(random, 4)}:${hex(random, 4)}`,
    () => Array.from({ length: 8 }, () => hex(random, 4)).join(':'),
  ])();
}

export function mac(random: Random): string {
  const pairs = Array.from({ length: 6 }, () => hex(random, 2));
  pairs[0] = '3c';
  const colons = pairs.join(pick(random, [':', '-']));
  return pick(random, [colons, colons.toUpperCase(), `3c5a.${hex(random, 4)}.${hex(random, 4)}`]);
}

export function nationalId(random: Random): string {
  const year = String(50 + Math.floor(random() * 45));
  const month = String(1 + Math.floor(random() * 12)).padStart(2, '0');
  const day = String(1 + Math.floor(random() * 28)).padStart(2, '0');
  return pick(random, [
    () => `${200 + Math.floor(random() * 400)}-${10 + Math.floor(random() * 89)}-${digits(random, 4)}`,
    () => `AB ${digits(random, 2)} ${digits(random, 2)} ${digits(random, 2)} C`,
    () => {
      const number = digits(random, 8);
      return number + dniLetter(number);
    },
    () => {
      const nine = digits(random, 9);
      return `${nine.slice(0, 3)}.${nine.slice(3, 6)}.${nine.slice(6)}-${cpfDigits(nine)}`;
    },
    () => {
      const body = `2${year}${month}75${digits(random, 6)}`;
      return `${body}${nirKey(body)}`;
    },
    () => {
      const body = `11010519${year}${month}${day}${digits(random, 3)}`;
      return body + residentDigit(body);
    },
    () => {
      const body = `756${digits(random, 9)}`;
      const whole = body + eanDigit(body);
      return `${whole.slice(0, 3)}.${whole.slice(3, 7)}.${whole.slice(7, 11)}.${whole.slice(11)}`;
    },
    () => {
      const serial = digits(random, 3);
      const check = belgianDigits(`${year}${month}${day}${serial}`);
      return `${year}.${month}.${day}-${serial}.${check}`;
    },
    () => {
      const body = `${year}${month}${day}${digits(random, 3)}`;
      return `${body.slice(0, 6)}-${body.slice(6)}${luhnDigit(body)}`;
    },
  ])();
}

export function address(random: Random): string {
  const { streets, towns } = pick(random, Object.values(LOCALES));
  const town = pick(random, towns);
  return town === '' ? pick(random, streets)(random) : `${pick(random, streets)(random)}, ${town}`;
}

export function coordinates(random: Random): string {
  const lat = (random() * 140 - 70).toFixed(4 + Math.floor(random() * 3));
  const lon = (random() * 340 - 170).toFixed(4 + Math.floor(random() * 3));
  return pick(random, [
    `${lat}, ${lon}`,
    `${lat.replace('-', '')}° N, ${lon.replace('-', '')}° E`,
    `${1 + Math.floor(random() * 80)}°${10 + Math.floor(random() * 49)}'${10 + Math.floor(random() * 49)}"N ${1 + Math.floor(random() * 170)}°${10 + Math.floor(random() * 49)}'${10 + Math.floor(random() * 49)}"W`,
  ]);
}

const MONTHS = ['January', 'March', 'May', 'July', 'October', 'December'] as const;

export function birthDate(random: Random): string {
  const year = 1930 + Math.floor(random() * 75);
  const month = 1 + Math.floor(random() * 12);
  const day = 1 + Math.floor(random() * 28);
  const two = (value: number): string => String(value).padStart(2, '0');
  return pick(random, [
    `${year}-${two(month)}-${two(day)}`,
    `${two(day)}.${two(month)}.${year}`,
    `${two(month)}/${two(day)}/${year}`,
    `${day} ${pick(random, MONTHS)} ${year}`,
    `${pick(random, MONTHS)} ${day}, ${year}`,
  ]);
}

export function username(random: Random): string {
  const { given, family } = pick(random, Object.values(LOCALES));
  return pick(random, [
    ascii(pick(random, given)),
    `${ascii(pick(random, given))}.${ascii(pick(random, family))}`,
  ]);
}
