/** The house rules that a machine can check. Each failure names the file, the line and what to do instead. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAX_LINES = 400;

/** What a folder may import from, besides itself. Nothing imports what stands to its right. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  config: ['protocol', 'actors'],
  protocol: [],
  runtime: ['protocol'],
  supervisors: ['protocol', 'runtime'],
  actors: ['protocol', 'runtime', 'supervisors'],
  nodes: ['protocol', 'runtime', 'supervisors', 'actors', 'config'],
  tests: ['protocol', 'runtime', 'supervisors', 'actors', 'nodes', 'config'],
};
/** A leaf that anyone may import. */
const LEAF = 'config/limits.ts';

interface Source {
  readonly path: string;
  readonly lines: readonly string[];
}

const files = listFiles();
const sources: Source[] = files.filter((path) => /\.(ts|mjs)$/.test(path)).map(read);
const layered = sources.filter(({ path }) => topFolder(path) in MAY_IMPORT);

/** What git tracks, and what it would: a new file is checked before it is added. */
function listFiles(): string[] {
  const options = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', options, { cwd: ROOT, encoding: 'utf8' });
  return listed.split('\0').filter((path) => path !== '' && existsSync(join(ROOT, path)));
}

function read(path: string): Source {
  return { path, lines: readFileSync(join(ROOT, path), 'utf8').trimEnd().split('\n') };
}

function topFolder(path: string): string {
  return path.split('/')[0] ?? '';
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('tests/');
}

/** `path:line: what is wrong` for every line that matches. */
function findLines(among: readonly Source[], pattern: RegExp, why: string): string[] {
  return among.flatMap(({ path, lines }) =>
    lines.flatMap((line, index) =>
      pattern.test(line) ? [`${path}:${index + 1}: ${why}: ${line.trim()}`] : [],
    ),
  );
}

/** The code of a file with its comments blanked out, line by line; strings stay. */
function withoutComments({ path, lines }: Source): Source {
  const text = lines
    .join('\n')
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|[\s;{}(),])\/\/.*$/gm, '$1');
  return { path, lines: text.split('\n') };
}

interface Import {
  readonly from: string;
  readonly line: number;
  /** Path of the imported file, relative to the root. */
  readonly to: string;
}

/** The relative imports of a file: static, dynamic, of types, and of worker entries by URL. */
function importsOf(source: Source): Import[] {
  const pattern = /(?:\bfrom\s+|\bimport\s*\(?\s*|new URL\(\s*)'(\.{1,2}\/[^']*)'/g;
  return withoutComments(source).lines.flatMap((line, index) =>
    [...line.matchAll(pattern)].map((match) => ({
      from: source.path,
      line: index + 1,
      to: relative(ROOT, resolve(ROOT, dirname(source.path), match[1] ?? '')),
    })),
  );
}

describe('layers', () => {
  test('each folder imports only from its left: protocol, runtime, supervisors, actors, nodes', () => {
    const wrong = layered.flatMap(importsOf).filter(({ from, to }) => {
      const [mine, theirs] = [topFolder(from), topFolder(to)];
      // A test may set up whatever it needs, such as a real broker; the code beside it may not.
      if (mine === theirs || to === LEAF || isTest(from)) return false;
      return theirs in MAY_IMPORT && !MAY_IMPORT[mine]?.includes(theirs);
    });
    const allowed = (from: string): string => [...(MAY_IMPORT[topFolder(from)] ?? []), LEAF].join(', ');
    expect(
      wrong.map(
        ({ from, line, to }) => `${from}:${line}: must not import ${to}; it may import ${allowed(from)}`,
      ),
    ).toEqual([]);
  });

  test(`${LEAF} imports nothing`, () => {
    expect(layered.filter(({ path }) => path === LEAF).flatMap(importsOf)).toEqual([]);
  });
});

describe('files', () => {
  test(`none is longer than ${MAX_LINES} lines`, () => {
    const long = sources.filter(({ lines }) => lines.length > MAX_LINES);
    expect(
      long.map(({ path, lines }) => `${path}: ${lines.length} lines; split it, one concept per file`),
    ).toEqual([]);
  });

  test('no folder is a drawer for anything', () => {
    const drawers = files.filter((path) => /(^|\/)(utils?|common|helpers?)\//.test(path));
    expect(drawers.map((path) => `${path}: name the folder after what it holds`)).toEqual([]);
  });

  test('nothing is left to do in the code', () => {
    const pattern = new RegExp(`\\b(${['TO', 'FIX'].map((word, i) => word + ['DO', 'ME'][i]).join('|')})\\b`);
    expect(findLines(sources, pattern, 'do it now, or open an issue')).toEqual([]);
  });

  test('no file depends on where somebody works', () => {
    const texts = files
      .filter(
        (path) => path !== 'package-lock.json' && /\.(ts|mjs|json|md|ya?ml|sh|css|html)$|^[^.]+$/.test(path),
      )
      .map(read);
    const places = new RegExp(['\\.\\./shared\\b', '(^|[^\\w.])/work/'].join('|'));
    const mine = relative(ROOT, fileURLToPath(import.meta.url));
    const others = texts.filter(({ path }) => path !== mine);
    expect(findLines(others, places, 'a path outside the repository')).toEqual([]);
  });
});

describe('the lock', () => {
  const text = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');

  test('names no registry', () => {
    expect(text).not.toMatch(/"resolved": "https?:/);
  });

  test('has an entry for every platform package: without one, npm 11 refuses the whole install', () => {
    const { packages } = JSON.parse(text) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const locked = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, '')));
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).flatMap((name) =>
        locked.has(name) ? [] : [`${path} needs ${name}`],
      ),
    );
    expect(missing).toEqual([]);
  });
});

describe('determinism', () => {
  test('machines have no clock and no randomness: time is in the message, chance is seeded', () => {
    const machines = sources
      .filter(({ path }) => path.startsWith('actors/') && path.endsWith('.ts'))
      .filter(({ path }) => !isTest(path) && !path.endsWith('.task.ts') && !/(^|\/)tasks\//.test(path));
    const impure =
      /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bperformance\.now\b|\bset(Timeout|Interval|Immediate)\b/;
    const why = 'a turn must decide the same when it is replayed; move this to a task (*.task.ts or tasks/)';
    expect(findLines(machines.map(withoutComments), impure, why)).toEqual([]);
  });

  test('no test sleeps: it awaits a signal', () => {
    const mine = relative(ROOT, fileURLToPath(import.meta.url));
    const tests = sources.filter(({ path }) => isTest(path) && path !== mine).map(withoutComments);
    const sleeping = /\bsleep\s*\(|timers\/promises|new Promise\([^)]*\)?\s*=>\s*setTimeout/;
    expect(findLines(tests, sleeping, 'await what you wait for')).toEqual([]);
  });
});

describe('decisions', () => {
  test('each has a number of its own', () => {
    const decisions = files
      .filter((path) => path.startsWith('docs/decisions/'))
      .map((path) => basename(path));
    expect(decisions.filter((name) => !/^\d{4}-[a-z0-9-]+\.md$/.test(name))).toEqual([]);
    const numbers = decisions.map((name) => name.slice(0, 4));
    expect(numbers.filter((number, index) => numbers.indexOf(number) !== index)).toEqual([]);
  });
});

describe('documents', () => {
  test('name only files that exist', () => {
    const documents = files.filter((path) => path.endsWith('.md')).map(read);
    const missing = documents.flatMap(({ path, lines }) =>
      lines.flatMap((line) =>
        [
          ...line.matchAll(
            /`((?:protocol|runtime|supervisors|actors|nodes|config|deploy|tests)\/[\w./-]+\.\w+)`/g,
          ),
        ]
          .map((match) => match[1] ?? '')
          .filter((named) => !existsSync(join(ROOT, named)))
          .map((named) => `${path} names ${named}`),
      ),
    );
    expect(missing).toEqual([]);
  });

  test.each([
    { path: 'docs/supervision.md', least: 40 },
    { path: 'docs/pipeline.md', least: 50 },
  ])('the tables of $path name tests that there are, each rule at least one', ({ path, least }) => {
    const named = new Map([
      ['S', 'supervisors/strategy.test.ts'],
      ['P', 'supervisors/supervisor.test.ts'],
    ]);
    const rows = read(path).lines.filter((line) => line.startsWith('| ') && !line.startsWith('| rule |'));
    const problems = rows.flatMap((row) => {
      let file = '';
      let titles = 0;
      const missing: string[] = [];
      for (const [, full, letter, title] of row.matchAll(
        /`([\w./-]+\.test\.ts)`|\b([SP])(?= ")|"([^"]+)"/g,
      )) {
        file = full ?? (letter === undefined ? file : (named.get(letter) ?? ''));
        if (title === undefined) continue;
        titles++;
        if (!existsSync(join(ROOT, file)) || !read(file).lines.join('\n').includes(title))
          missing.push(`${path}: ${file} has no test "${title}"`);
      }
      return titles === 0 ? [`${path}: no test proves ${row}`] : missing;
    });
    expect(problems).toEqual([]);
    expect(rows.length).toBeGreaterThan(least);
  });
});
