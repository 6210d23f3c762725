import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { labelledDocument } from '../../tests/evaluation/masking-documents.ts';
import { findInjections, findPersonalData, findSecrets, maskPersonalData } from './index.ts';

const mask = (text: string): string => maskPersonalData(text).text;

test('e-mail, phone, IBAN, card and IP address are masked, the rest stays', () => {
  const masked = maskPersonalData(
    'Mail bob@example.co.uk or +49 30 1234567, IBAN DE89 3704 0044 0532 0130 00 AND card 4111 1111 1111 1111 from 10.1.2.3.',
  );
  expect(masked.text).toBe('Mail [EMAIL] or [PHONE], IBAN [IBAN] AND card [CARD] from [IP].');
  expect(masked.masked).toBe(5);
});

describe('names', () => {
  test.each([
    ['From: Jane Doe <jane@x.org>', 'From: [NAME] <[EMAIL]>'],
    ['Signed-off-by: José  Núñez', 'Signed-off-by: José  Núñez'],
    ['Signed-off-by: José Núñez\n', 'Signed-off-by: [NAME]\n'],
    ['Copyright (c) 2019 Jane Doe', 'Copyright (c) 2019 [NAME]'],
    [
      'Copyright © 2001, 2003-2005 Jane Doe and John van der Berg',
      'Copyright © 2001, 2003-2005 [NAME] and [NAME]',
    ],
    ['MIT © [Jane Doe](https://x.org)', 'MIT © [[NAME]](https://x.org)'],
    ['  [ Jane Doe ]\n  * Fix.', '  [ [NAME] ]\n  * Fix.'],
    ['"author": "Jane O’Neill"', '"author": "[NAME]"'],
    ['Thanks to Jane Doe and J.R. Roe for it.', 'Thanks to [NAME] and [NAME] for it.'],
    ['Patch to repair the pump from Jane Doe.', 'Patch to repair the pump from [NAME].'],
    ['Dear Jane,\n', 'Dear [NAME],\n'],
    ['Sehr geehrter Herr Dr. Müller', 'Sehr geehrter Herr Dr. [NAME]'],
    ['Best regards,\nJane', 'Best regards,\n[NAME]'],
    ['Vorname: JANE', 'Vorname: [NAME]'],
    ['Autor: Иван Петров', 'Autor: [NAME]'],
    ['Contact Jane Doe (jane@x.org)', 'Contact [NAME] ([EMAIL])'],
    [
      'Author: Jane Doe. Later Jane Doe left, and Jane stayed.',
      'Author: [NAME]. Later [NAME] left, and Jane stayed.',
    ],
  ])('in %j are masked', (text, masked) => expect(mask(text)).toBe(masked));

  test.each([
    'Copyright 2019 Red Hat, Inc.',
    'Copyright (C) 2004-2012 Free Software Foundation, Inc.',
    'Copyright 2008 Tcl Core Team',
    'Copyright Notice And License',
    'Author: Debian Janitor',
    'Maintainer: The Rocket Authors <dev@lists>',
    'Dear Customer,',
    'Thanks to Google and others.',
    'reported by Static Analysis Tools',
    'COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS"',
    '[Desktop Entry]\nName=Files',
  ])('%j names nobody', (text) => expect(findPersonalData(text)).toEqual([]));

  test('found in one text are masked in another that was made from it', () => {
    const { names } = maskPersonalData('Author: Jane Doe');
    expect(maskPersonalData('Summary: Jane Doe fixed it.', names).text).toBe('Summary: [NAME] fixed it.');
  });
});

test.each([
  ['jane [at] example [dot] org', '[EMAIL]'],
  ['jürgen@müller.example', '[EMAIL]'],
  ['Tel.: 030 1234567', 'Tel.: [PHONE]'],
  ['fax 020 7946 0958', 'fax [PHONE]'],
  ['call 317-278-4100 x12', 'call [PHONE]'],
  ['de89 3704 0044 0532 0130 00', '[IBAN]'],
  ['ip 8.8.4.4 and fe80::1:2:3:4', 'ip [IP] and [IP]'],
  ['ether 3c:5a:b4:01:02:0f', 'ether [MAC]'],
  ['3c5a.b401.020f', '[MAC]'],
  ['SSN 219-09-9998', 'SSN [NATIONAL_ID]'],
  ['AB 12 34 56 C', '[NATIONAL_ID]'],
  ['DNI 12345678Z', 'DNI [NATIONAL_ID]'],
  ['RSSMRA85T10A562S', '[NATIONAL_ID]'],
  ['529.982.247-25', '[NATIONAL_ID]'],
  ['756.9217.0769.85', '[NATIONAL_ID]'],
  ['131052-308T', '[NATIONAL_ID]'],
  ['11010519491231002X', '[NATIONAL_ID]'],
  ['Passport: C01X00T47', 'Passport: [NATIONAL_ID]'],
  ['51 Franklin Street, Fifth Floor, Boston, MA 02110-1301, USA', '[ADDRESS]'],
  ['10 Downing Street, London SW1A 2AA', '[ADDRESS]'],
  ['Lindenstraße 12, 10969 Berlin', '[ADDRESS]'],
  ['5 bis, rue de la Paix, 75002 Paris', '[ADDRESS]'],
  ['Calle de Alcalá, 12', '[ADDRESS]'],
  ['/home/jane/src/a.c', '/home/[USERNAME]/src/a.c'],
  ['C:\\Users\\Jane\\x', 'C:\\Users\\[USERNAME]\\x'],
  ['GPS: 52.5200, 13.4050', 'GPS: [COORDINATES]'],
  ['52°31\'12"N 13°24\'17"E', '[COORDINATES]'],
  ['{"lat": 52.5200, "lng": 13.4050}', '{"lat": [COORDINATES], "lng": [COORDINATES]}'],
  ['Date of birth: 4 July 1980', 'Date of birth: [BIRTH_DATE]'],
  ['geboren am 04.07.1980 in Ulm', 'geboren am [BIRTH_DATE] in Ulm'],
])('%j becomes %j', (text, masked) => expect(mask(text)).toBe(masked));

test.each([
  '1700000000000',
  'version 1.2.3 and 1.2.3.4, driver 10.2.3.4',
  '127.0.0.1',
  'DE00 3704 0044 0532 0130 00',
  '4111 1111 1111 1112',
  'https://bugs.example/5390364397928448',
  '2026-01-15 10:00, at 12:30:45',
  'git@github.com:acme/rocket.git',
  'icon@2x.png getty@tty1.service lodash@4.17.21',
  'std::vector<int> a::b',
  'SHA1 Fingerprint=AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD',
  '1:10~+20191229111838+6991d57-1',
  'Clause 252.227-7013',
  '2 Hard Drive slots, Via Node 20',
  '/home/user/x /home/runner/work $HOME/jane',
  '[0.12345, 0.54321]',
  'released on 2019-05-01',
  'the born again project of 2019',
])('what only looks like it stays: %j', (text) => expect(findPersonalData(text)).toEqual([]));

test('masked text has nothing left to mask, and what was masked is in order and apart', () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.constantFrom('usual' as const, 'unforeseen' as const), (seed, forms) => {
      const { text } = labelledDocument(seed, forms);
      const findings = findPersonalData(text);
      for (const [at, { start, end }] of findings.entries()) {
        expect(start).toBeLessThan(end);
        expect(start).toBeGreaterThanOrEqual(findings[at - 1]?.end ?? 0);
      }
      const once = mask(text);
      expect(maskPersonalData(once)).toMatchObject({ text: once, masked: 0 });
    }),
    { numRuns: 150 },
  );
});

test('any text is taken, and only what was found changes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const { maskedCharacters, masked, text: after } = maskPersonalData(text);
      expect(masked === 0 ? after : '').toBe(masked === 0 ? text : '');
      expect(maskedCharacters).toBeLessThanOrEqual(text.length);
    }),
    { numRuns: 200 },
  );
});

/** Each repeats what some pattern begins with; a pattern that backtracks would not end before the test's limit. */
describe('a hostile text costs time in proportion to its length:', () => {
  const characters = 60_000;
  test.each([
    'a',
    'A',
    '1',
    '1 ',
    '1.',
    '1-',
    'Aa ',
    'A. ',
    '1 Aa ',
    'a@',
    'a.',
    'a@a.',
    '0a:',
    'from: ',
    'Copyright ',
    'Copyright 1999, ',
    'Thanks to ',
    'patch ',
    'Dr. ',
    'rue de la ',
    'Am Aa Aa ',
    '/home/',
    'lat: 1.1111',
    '(at) ',
    'Aa <a@',
    'Aa (x) <',
    '[ Aa ',
    ' '.repeat(50),
    '\n',
    'SSN ',
    'ignore ',
    'ignore all ',
    'send the ',
    '![a](https://a?b=',
    '### Instruction: a\n',
    'password = ',
    '"role": ',
    '忽略',
    '\u200b',
  ])('%j', (unit) => {
    const text = unit.repeat(Math.ceil(characters / unit.length));
    expect(maskPersonalData(text).text.length).toBeGreaterThan(0);
    expect(findInjections(text).length + findSecrets(text).length).toBeGreaterThanOrEqual(0);
  });
});
