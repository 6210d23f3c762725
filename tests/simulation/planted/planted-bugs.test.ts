import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ESCAPING_BUGS } from './bugs/escaping.ts';
import { plant } from './planted-bug.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';
import { control, search } from './search.ts';

const ROOT = new URL('../../../', import.meta.url);

const ALL = [...PLANTED_BUGS, ...ESCAPING_BUGS];
/** One of each kind that the first seeds find; the campaign `planted` looks for all of them. */
const QUICK = [
  'marks skipped',
  'frame without guard',
  'deleted rows not checkpointed',
  'parked message skipped',
];
/** The simulation changes, and with it what each seed does: a little later will do. */
const LATER = 15;

describe('the planted bugs', () => {
  test.each(ALL)('$name: the source still has the place for it', (bug) => {
    const source = readFileSync(new URL(bug.file, ROOT), 'utf8');
    expect(plant(source, bug)).not.toBe(source);
  });

  test('have different names', () => {
    expect(new Set(ALL.map(({ name }) => name)).size).toBe(ALL.length);
  });

  test('are refused where their place is missing or ambiguous', () => {
    const bug = { name: 'double', changes: [['a + b', 'a - b']] } as const;
    expect(plant('x = a +\n  b;', bug)).toBe('x = a - b;');
    expect(() => plant('x = a;', bug)).toThrow('occurs 0 times');
    expect(() => plant('x = a + b + a + b;', bug)).toThrow('occurs 2 times');
  });
});

describe('the simulation', () => {
  test('finds some of them at once, and nothing without them', async () => {
    const bugs = PLANTED_BUGS.filter(({ name }) => QUICK.includes(name));
    expect(bugs).toHaveLength(QUICK.length);
    const used = new Set<number>();
    for (const bug of bugs) {
      const last = bug.seed + LATER;
      const { caught } = await search(
        bug,
        Array.from({ length: last }, (_, index) => index + 1),
      );
      expect(caught, `no seed up to ${last} has found '${bug.name}'`).toBeDefined();
      if (caught !== undefined) used.add(caught.seed);
    }
    expect(await control(undefined, [...used])).toEqual([]);
  }, 600_000);
});
