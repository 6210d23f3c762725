/**
 * Documents with personal data at known places, and with much that only looks like it. They are made from a seed by
 * rules of their own: nothing here is taken from the masker, so that what the two agree on means something.
 */
import { randomSequence } from '../../runtime/randomness.ts';
import { luhnDigit } from './masking-checksums.ts';
import * as pieces from './masking-pieces.ts';
import { digits, personName, pick, type Random } from './masking-pieces.ts';
import { FILLERS } from './masking-words.ts';

export interface Span {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}
export interface LabelledText {
  readonly text: string;
  readonly spans: readonly Span[];
}

type Part = string | { readonly kind: string; readonly text: string };
type Sentence = (random: Random) => readonly Part[];

const piece = (kind: string, text: string): Part => ({ kind, text });
const name = (random: Random): Part => piece('name', personName(random));
const email = (random: Random): Part => piece('email', pieces.email(random));

/** Sentences with personal data. */
const SENTENCES: readonly Sentence[] = [
  (r) => ['From: ', name(r), ' <', piece('email', `inbox.${digits(r, 3)}@mailbox.example.org`), '>'],
  (r) => ['Author: ', name(r)],
  (r) => ['Signed-off-by: ', name(r), ' <', piece('email', `x${digits(r, 3)}@kernel.example.org`), '>'],
  (r) => [`Copyright (c) ${1990 + Math.floor(r() * 30)} `, name(r)],
  (r) => [`Copyright © 2004-${2010 + Math.floor(r() * 10)} `, name(r), ' and ', name(r)],
  (r) => ['Dear ', name(r), ','],
  (r) => ['Mrs. ', name(r), ' called the service desk about it.'],
  (r) => ['Thanks to ', name(r), ' for the report.'],
  (r) => ['Reported by ', name(r), ' in the forum.'],
  (r) => ['Patient: ', name(r)],
  (r) => ['Kunde: ', name(r)],
  (r) => ['Best regards,\n', name(r)],
  (r) => [
    ' -- ',
    name(r),
    ' <',
    piece('email', `maint${digits(r, 2)}@debian.example.org`),
    '>  Mon, 04 May 2020 10:12:00 +0200',
  ],
  (r) => ['"author": "', name(r), '"'],
  (r) => ['Write to ', email(r), ' for access.'],
  (r) => ['mailto:', piece('email', `team${digits(r, 2)}@corp.example.co.uk`)],
  (r) => ['You can reach us at ', piece('phone', pieces.phone(r)), ' on weekdays.'],
  (r) => ['Tel.: ', piece('phone', pieces.nationalPhone(r))],
  (r) => ['Mobile: ', piece('phone', pieces.nationalPhone(r)), '.'],
  (r) => ['Please pay to ', piece('iban', pieces.iban(r)), ' within a week.'],
  (r) => ['Charged card ', piece('card', pieces.card(r)), ' twice.'],
  (r) => ['connection from ', piece('ip', pieces.ip(r)), ' refused'],
  (r) => ['[warn] client ', piece('ip', pieces.ip(r)), ' port 51234: timeout'],
  (r) => ['link/ether ', piece('mac', pieces.mac(r)), ' brd'],
  (r) => ['DHCP lease for ', piece('mac', pieces.mac(r)), ' expired.'],
  (r) => ['The form holds ', piece('national-id', pieces.nationalId(r)), ' as the number.'],
  (r) => ['National ID: ', piece('national-id', pieces.nationalId(r))],
  (r) => ['Ship it to ', piece('address', pieces.address(r)), '.'],
  (r) => ['Address: ', piece('address', pieces.address(r))],
  (r) => ['GPS: ', piece('coordinates', pieces.coordinates(r))],
  (r) => ['The tracker was last seen at coordinates ', piece('coordinates', pieces.coordinates(r)), '.'],
  (r) => ['Date of birth: ', piece('birth-date', pieces.birthDate(r))],
  (r) => ['DOB ', piece('birth-date', pieces.birthDate(r)), ', insured since 2001-05-01.'],
  (r) => ['geboren am ', piece('birth-date', pieces.birthDate(r)), ' in Ulm'],
  (r) => ['/home/', piece('username', pieces.username(r)), '/projects/app/src/main.c:42: error'],
  (r) => ['C:\\Users\\', piece('username', pieces.username(r)), '\\AppData\\Local\\Temp'],
  (r) => ['cd /Users/', piece('username', pieces.username(r)), ' && make'],
];

/** Forms that nobody thought of when the masker was written: what it misses here is what it misses in general. */
const UNFORESEEN: readonly Sentence[] = [
  (r) => [name(r), ' rewrote the scheduler over the weekend.'],
  (r) => ['Yesterday ', name(r), ' and the others met in the lobby.'],
  (r) => ['- ', name(r), ': 12 commits'],
  (r) => ['| ', name(r), ' | lead | 2019 |'],
  (r) => ['(', name(r), ', 2018-04-02)'],
  (r) => ['ask ', piece('name', personName(r).toLowerCase()), ' about it'],
  (r) => ['CONTACT: ', piece('email', `INFO${digits(r, 2)}@EXAMPLE.ORG`)],
  (r) => ['jane', piece('email', `doe${digits(r, 2)} AT example DOT org`), ' (spam protection)'],
  (r) => ['ext. line ', piece('phone', `${digits(r, 3)}.${digits(r, 3)}.${digits(r, 4)} x${digits(r, 3)}`)],
  (r) => ['erreichbar unter ', piece('phone', pieces.nationalPhone(r)), ' ab neun Uhr'],
  (r) => ['iban: ', piece('iban', pieces.iban(r).toLowerCase())],
  (r) => ['router ', piece('mac', `3C5A${digits(r, 8)}`), ' joined'],
  (r) => ['Steuernummer ', piece('national-id', `${digits(r, 2)}/${digits(r, 3)}/${digits(r, 5)}`)],
  () => ['lives at the corner of ', piece('address', 'Elm and 5th')],
  (r) => [piece('address', `${digits(r, 2)}, Sector ${digits(r, 2)}, Noida`), ' is the old office'],
  (r) => [
    `POINT(`,
    piece('coordinates', `${digits(r, 2)}.${digits(r, 5)} ${digits(r, 2)}.${digits(r, 5)}`),
    ')',
  ],
  (r) => ['He turned forty on ', piece('birth-date', pieces.birthDate(r)), '.'],
  (r) => ['ssh: ', piece('username', pieces.username(r)), '@build-03: permission denied'],
  (r) => ['~', piece('username', pieces.username(r)), '/.bashrc'],
];

const hash = (random: Random, length: number): string =>
  Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('');

function isbn(random: Random): string {
  const body = `978${digits(random, 9)}`;
  return body + digits(random, 1);
}

/** A long number that is no card although it has the length of one: the check digit is wrong. */
function noCard(random: Random): string {
  const body = `4${digits(random, 14)}`;
  return body + String((Number(luhnDigit(body)) + 1) % 10);
}

/** Sentences that only look like personal data. */
const LOOK_ALIKES: readonly Sentence[] = [
  (r) => [`Bump the client from ${digits(r, 1)}.${digits(r, 2)}.${digits(r, 1)} to 10.${digits(r, 1)}.0`],
  (r) => [`commit ${hash(r, 40)}`],
  (r) => [`sha256:${hash(r, 64)}`],
  (r) => [`Fixes #${digits(r, 5)}, closes: #${digits(r, 6)}`],
  (r) => [`ts=17${digits(r, 11)} took ${digits(r, 4)} ms`],
  (r) => [`ISBN ${isbn(r)}`],
  (r) => [`order ${noCard(r)} was shipped`],
  (r) => [`at 12:30:${10 + Math.floor(r() * 49)} on 2024-0${digits(r, 1)}-11 the job ran`],
  (r) => [`npm install lodash@4.17.${digits(r, 2)} @types/node@20.${digits(r, 1)}.0`],
  () => ['git clone git@github.com:acme/rocket.git'],
  () => ['![logo](icon@2x.png)'],
  (r) => [`org.apache.commons:commons-lang3:3.${digits(r, 2)}.0`],
  () => ['std::vector<int>::iterator it = begin;'],
  (r) => [`systemctl status getty@tty${digits(r, 1)}.service`],
  (r) => [`RFC ${digits(r, 4)}, section 5.1.${digits(r, 1)}`],
  (r) => [`CVE-20${10 + Math.floor(r() * 15)}-${digits(r, 5)}`],
  (r) => [`Copyright (c) 20${10 + Math.floor(r() * 15)} Example Software, Inc.`],
  () => ['Copyright 2019 The Rocket Authors. All Rights Reserved.'],
  () => ['Reported by Static Analysis Tools, fixed upstream.'],
  () => ['Dear Customer,'],
  () => ['From: Stable Release Channel'],
  (r) => [`float weights[] = {0.${digits(r, 5)}, 0.${digits(r, 5)}, -0.${digits(r, 5)}};`],
  (r) => [`page ${digits(r, 3)}-${digits(r, 3)}, table ${digits(r, 1)}-${digits(r, 2)}`],
  () => ['127.0.0.1:8080 answered with 200'],
  (r) => [`uuid ${hash(r, 8)}-${hash(r, 4)}-4${hash(r, 3)}-a${hash(r, 3)}-${hash(r, 12)}`],
  (r) => [`SHA1 Fingerprint=${Array.from({ length: 20 }, () => hash(r, 2).toUpperCase()).join(':')}`],
  () => ['/home/runner/work/app and $HOME/.config and /home/user/demo'],
  (r) => [`released on 20${10 + Math.floor(r() * 15)}-05-${10 + Math.floor(r() * 18)}`],
  (r) => [`${digits(r, 2)} Hard Drive slots, ${digits(r, 1)} Solid State Drive bays`],
  (r) => [`offset ${digits(r, 8)} length ${digits(r, 9)} checksum ${digits(r, 10)}`],
  (r) => [`port 5${digits(r, 4)}, pid ${digits(r, 5)}, uid 1000`],
  (r) => [`latency 0.${digits(r, 4)}, 12.${digits(r, 4)} seconds`],
  () => ['Author: Continuous Integration Pipeline'],
  () => ['Signed-off-by: Build Service'],
  () => ['Thanks to Visual Basic this was easy in 1998.'],
  () => ['Dear Hiring Committee,'],
  () => ['Inspired by Domain Driven Design.'],
  () => ['Copyright (c) 2020 Acme Rockets'],
  () => ['Contributed by Red Squirrel Farm.'],
  () => ['from: Buffer Overflow'],
  (r) => [`firmware version 2.${digits(r, 2)}.${digits(r, 1)}.${digits(r, 2)} is required`],
  (r) => [`driver 10.${digits(r, 1)}.${digits(r, 2)}.${digits(r, 2)} crashes`],
  () => ['00 01 02 03 04 05 06 07 08 09 0a 0b 0c'],
  (r) => [`tracking number ${digits(r, 4)} ${digits(r, 4)} ${digits(r, 4)}`],
  (r) => [`part 4-${digits(r, 3)}-${digits(r, 4)}, rev ${digits(r, 3)}-${digits(r, 2)}-${digits(r, 2)}`],
  (r) => [`range 555-${digits(r, 3)} to 0800`],
  () => ['See Chapter 5 Main Road Map and 3 Easy Street Smart Tips.'],
];

/** Which forms of personal data a document has. */
export type Forms = 'usual' | 'unforeseen';

function groupOf(share: number, forms: Forms): readonly Sentence[] {
  if (share < 0.45) return forms === 'usual' ? SENTENCES : UNFORESEEN;
  return share < 0.8 ? LOOK_ALIKES : [(random) => [pick(random, FILLERS)]];
}

/** Sentences of one document. */
const SENTENCES_MIN = 8;
const SENTENCES_MAX = 16;

/** The same seed and forms give the same document. */
export function labelledDocument(seed: number, forms: Forms): LabelledText {
  const random = randomSequence(`masking ${forms} ${seed}`);
  const count = SENTENCES_MIN + Math.floor(random() * (SENTENCES_MAX - SENTENCES_MIN));
  let text = '';
  const spans: Span[] = [];
  for (let sentence = 0; sentence < count; sentence++) {
    const parts = pick(random, groupOf(random(), forms))(random);
    for (const part of parts) {
      if (typeof part === 'string') text += part;
      else {
        spans.push({ kind: part.kind, start: text.length, end: text.length + part.text.length });
        text += part.text;
      }
    }
    text += '\n';
  }
  return { text, spans };
}
