/** Addresses of machines: IPv4, IPv6, and the hardware addresses of network cards. */
import { isIPv6 } from 'node:net';
import type { Finding } from '../secrets.ts';
import { anyOf, byPattern, onlyIf } from './detector.ts';

const IPV4 = /(?<![\w.-])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w-]|\.\d)/g;
const IPV6 = /(?<![\w:.])[0-9a-f:]{2,39}(?:(?:\d{1,3}\.){3}\d{1,3})?(?![\w:]|\.\w)/gi;

/** Every machine is 127.0.0.1 to itself, and masks and unspecified addresses belong to nobody. */
const isSomebodys = (match: string): boolean => !/^(?:0\.|127\.|255\.)/.test(match);

/** Four numbers of which the first has one digit are nearly always a version; an address says that it is one. */
const SAID_BEFORE =
  /(?:\b(?:ip|ips|ipv4|address|addr|host|from|client|server|peer|inet|ping|src|dst|dns|resolver|gateway|nameserver)\b[^\n\w]{1,4}|[@/]|:\/\/)$/i;
const SAID_AFTER = /^(?::\d{2,5}\b|\/\d{1,2}\b)/;
const VERSION_BEFORE =
  /(?:version|ver|release|firmware|driver|build|revision|standards-version|\bv)[ :=]{0,2}$/i;
const SAID_CHARACTERS = 20;

function* ipv4Addresses(text: string): Iterable<Finding> {
  for (const { name, start, end } of byPattern('ip', IPV4, onlyIf(isSomebodys))(text)) {
    const version = text.charAt(start + 1) === '.';
    const before = text.slice(Math.max(0, start - SAID_CHARACTERS), start);
    if (VERSION_BEFORE.test(before)) continue;
    const said = SAID_BEFORE.test(before) || SAID_AFTER.test(text.slice(end, end + SAID_CHARACTERS));
    if (!version || said) yield { name, start, end };
  }
}

/** `a::b` is an address too, and a scope in C++: what is short must have a digit and begin as addresses do. */
const isSomebodysV6 = (match: string): boolean =>
  /\d/.test(match) &&
  (match.split(':').length > 4 || /^(?:2[0-9a-f]{3}|f[cde][0-9a-f]{2}|64):/i.test(match)) &&
  isIPv6(match);

export const ipAddresses = anyOf(ipv4Addresses, byPattern('ip', IPV6, onlyIf(isSomebodysV6)));

/** Six pairs, not the beginning of a longer row of pairs, which would be a fingerprint; or Cisco's three groups. */
const MAC =
  /(?<![0-9a-f:.-])(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?![0-9a-f:-])|(?<![0-9a-f.])[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}(?![0-9a-f.])/gi;

/** Nobody's: all zeros, broadcast; and groups of digits alone, which are numbers. */
const isCard = (match: string): boolean => {
  const digits = match.replace(/[^0-9a-f]/gi, '').toLowerCase();
  return new Set(digits).size > 2 && (!match.includes('.') || /[a-f]/.test(digits));
};

/** The first group of the pattern is the separator, so this one looks at whole matches. */
export function* macAddresses(text: string): Iterable<Finding> {
  for (const match of text.matchAll(MAC)) {
    if (isCard(match[0])) yield { name: 'mac', start: match.index, end: match.index + match[0].length };
  }
}
