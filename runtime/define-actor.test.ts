import { createMachine } from 'xstate';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineActor } from './define-actor.ts';
import { createSystem } from './system.ts';
import { defineTable } from './table.ts';

const machine = createMachine({});
const refusal = (what: string): object =>
  expect.objectContaining({ code: 'definition.invalid', message: expect.stringContaining(what) });

describe('a declaration is refused', () => {
  test('for a kind that fits no subject', () => {
    expect(() => defineActor({ kind: 'Two Words', messages: {}, machine })).toThrow(refusal('a kind is'));
  });

  test('for a message type of XState', () => {
    expect(() => defineActor({ kind: 'a', messages: { 'xstate.stop': z.object({}) }, machine })).toThrow(
      refusal('reserved'),
    );
  });

  test('for a table under another name than its own', () => {
    expect(() =>
      defineActor({ kind: 'a', messages: {}, tables: { rows: defineTable('cells') }, machine }),
    ).toThrow(refusal("listed as 'rows'"));
  });

  test.each([0, -1, 1.5, Number.NaN])('for a version that there cannot be: %s', (version) => {
    expect(() => defineActor({ kind: 'a', messages: {}, machine, version })).toThrow(refusal('its version'));
    expect(() => defineTable('rows', { version })).toThrow(refusal('the version'));
  });

  test('for a kind that is no actor: a worker', () => {
    expect(() => defineActor({ kind: 'worker', messages: {}, machine })).toThrow(refusal('reserved'));
  });

  test.each([-1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY])(
    'for a quarantineAfter of %s',
    (quarantineAfter) => {
      expect(() => defineActor({ kind: 'a', messages: {}, machine, quarantineAfter })).toThrow(
        refusal('its quarantineAfter'),
      );
    },
  );

  test('for a version of a table that does not fit two bytes', () => {
    expect(() => defineTable('rows', { version: 65_536 })).toThrow(refusal('1 to 65535'));
  });

  test('for a state that invokes a child', () => {
    const invoking = createMachine({ initial: 'a', states: { a: { invoke: { src: 'child' } } } });
    expect(() => defineActor({ kind: 'a', messages: {}, machine: invoking })).toThrow(
      refusal('invokes a child'),
    );
  });

  test('for a task whose result would be no message: it would be a dead letter every time', () => {
    const messages = { 'fetch.done': z.object({}) };
    expect(() => defineActor({ kind: 'a', messages, tasks: { fetch: async () => 1 }, machine })).toThrow(
      refusal("'fetch.failed'"),
    );
  });
});

describe('how many failures an actor may have in a row', () => {
  const versionOf = (more: object) =>
    createSystem({ actors: [defineActor({ kind: 'a', messages: {}, machine, ...more })] }).turnVersion;

  test('is five unless it says otherwise, from none to any number', () => {
    expect(defineActor({ kind: 'a', messages: {}, machine }).quarantineAfter).toBe(5);
    for (const quarantineAfter of [0, 7, Number.POSITIVE_INFINITY])
      expect(defineActor({ kind: 'a', messages: {}, machine, quarantineAfter })).toMatchObject({
        quarantineAfter,
      });
  });

  test('is part of the version of its turns', () => {
    expect(versionOf({ quarantineAfter: 5 })).toBe(versionOf({}));
    for (const quarantineAfter of [6, Number.POSITIVE_INFINITY])
      expect(versionOf({ quarantineAfter })).not.toBe(versionOf({}));
  });
});
