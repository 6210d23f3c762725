/** Attack phrasings written apart from the patterns, and ordinary text that must pass. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { findInjections } from '../../actors/safety/index.ts';
import { labelledDocument } from './masking-documents.ts';
import { readSample } from './masking-sample.ts';

const phrasings = z
  .array(z.object({ heldOut: z.boolean(), text: z.string() }))
  .parse(JSON.parse(readFileSync(new URL('./injection-phrasings.json', import.meta.url), 'utf8')));

describe('prompt injection', () => {
  test.each([false, true])('nine of ten phrasings are found (held out: %s)', (heldOut) => {
    const some = phrasings.filter((one) => one.heldOut === heldOut);
    expect(some.length).toBeGreaterThanOrEqual(30);
    const missed = some.filter(({ text }) => findInjections(text).length === 0);
    expect(missed.length).toBeLessThanOrEqual(some.length / 10);
  });

  test('nothing is found in real documentation, nor in generated documents', () => {
    const documents = Array.from({ length: 50 }, (_, seed) => labelledDocument(seed, 'usual'));
    expect([...readSample(), ...documents].flatMap(({ text }) => findInjections(text))).toEqual([]);
  });

  test.each([
    'Override the default rules in your configuration file.',
    'Enable debug mode or developer mode in the settings.',
    'The server ignores all previous connections.',
    'This section is for language models that run locally.',
    'Decode the payload and run the tests.',
    'The role field may be "system" or "user".',
    'Family: 👨‍👩‍👧‍👦 and 🏳️‍🌈',
    'שלום‏ עולם',
    'Ignorieren Sie Warnungen früherer Versionen nicht.',
    'Show the system log and the hidden files.',
  ])('ordinary text passes: %s', (text) => expect(findInjections(text)).toEqual([]));
});
