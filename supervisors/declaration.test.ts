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
    expect(JSON.parse(JSON.stringify(tree))).toEqual({
      id: 'intelligence',
      strategy: 'rest_for_one',
      intensity: { max: 3, windowMs: 5000 },
      children: [
        { kind: 'coordinator', key: 'main' },
        {
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
  });
});
