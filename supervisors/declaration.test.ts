import { describe, expect, test } from 'vitest';
import { placeActor, supervisor } from './declaration.ts';

const tree = supervisor('intelligence', {
  strategy: 'rest_for_one',
  children: [
    'coordinator/main',
    supervisor('critics', { intensity: { max: 0, windowMs: 1 }, children: [{ kind: 'critic' }] }),
    { kind: 'critic', key: 'boss' },
  ],
});

describe('declaring supervisors', () => {
  test('gives plain data with defaults filled in', () => {
    const defaults = {
      autoShutdown: 'never',
      backoff: { baseMs: 100, maxMs: 30_000, factor: 2, jitter: 0.5, healthyMs: 30_000 },
      restart: 'permanent',
      significant: false,
    };
    expect(JSON.parse(JSON.stringify(tree))).toEqual({
      ...defaults,
      id: 'intelligence',
      strategy: 'rest_for_one',
      intensity: { max: 3, windowMs: 5000 },
      children: [
        { kind: 'coordinator', key: 'main' },
        {
          ...defaults,
          id: 'critics',
          strategy: 'one_for_one',
          intensity: { max: 0, windowMs: 1 },
          children: [{ kind: 'critic' }],
        },
        { kind: 'critic', key: 'boss' },
      ],
    });
  });

  test('an actor belongs where its address says, else where its kind says, else to the root', () => {
    expect(placeActor(tree, 'critic/x')).toEqual(['intelligence', 'critics']);
    expect(placeActor(tree, 'critic/boss')).toEqual(['intelligence']);
    expect(placeActor(tree, 'coordinator/main')).toEqual(['intelligence']);
    expect(placeActor(tree, 'coordinator/other')).toEqual(['intelligence']);
  });

  test('refuses what has no meaning', () => {
    const invalid = expect.objectContaining({ code: 'definition.invalid' });
    expect(() => supervisor('a/b', { children: [] })).toThrow(invalid);
    expect(() => supervisor('a', { children: ['no address'] })).toThrow(invalid);
    expect(() => supervisor('a', { children: [{ kind: 'NO' }] })).toThrow(invalid);
    expect(() => supervisor('a', { children: [{ kind: 'k', key: '/' }] })).toThrow(invalid);
    expect(() => supervisor('a', { children: ['k/a', { kind: 'k', key: 'a' }] })).toThrow(invalid);
    expect(() => supervisor('a', { children: [supervisor('a', { children: [] })] })).toThrow(invalid);
    expect(() => supervisor('a', { intensity: { max: -1, windowMs: 1 }, children: [] })).toThrow(invalid);
    // What only callers without types can write, and what OTP calls bad combinations.
    expect(() => supervisor('a', { strategy: 'all' as 'one_for_all', children: [] })).toThrow(invalid);
    expect(() => supervisor('a', { autoShutdown: 'some' as 'never', children: [] })).toThrow(invalid);
    expect(() => supervisor('a', { backoff: { factor: 0 }, children: [] })).toThrow(invalid);
    const significant = supervisor('b', { significant: true, restart: 'transient', children: [] });
    expect(() => supervisor('a', { children: [significant] })).toThrow(invalid);
    expect(() =>
      supervisor('a', {
        autoShutdown: 'any_significant',
        children: [supervisor('b', { significant: true, children: [] })],
      }),
    ).toThrow(invalid);
    expect(supervisor('a', { autoShutdown: 'any_significant', children: [significant] }).children).toEqual([
      significant,
    ]);
  });
});
