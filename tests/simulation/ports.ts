/**
 * What the simulation may stand in for: the four ports. Everything else that runs in it is production code, found
 * by walking the imports.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** The interfaces of the ports, and the shapes of what they hand out. */
export const PORTS: ReadonlySet<string> = new Set(['Log', 'LogReader', 'Store', 'Clock', 'ContentStore']);

/** Every source below a folder. */
export function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .sort();
}

/** The files that one imports, types too. */
export function importsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'(\.{1,2}\/[^']*)'/g)]
    .map((match) => resolve(dirname(path), match[1] ?? ''))
    .filter((imported) => existsSync(imported));
}

/** Production files that a simulation runs, relative to the root. */
export function productionBehind(entries: readonly string[], root: string): string[] {
  const seen = new Set<string>();
  const open = [...entries];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    open.push(...importsOf(path));
  }
  return [...seen].map((path) => relative(root, path)).filter((path) => !path.startsWith('tests/'));
}
