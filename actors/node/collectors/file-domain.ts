/** The subject area of a file, from where it lies. */
import { basename, relative, sep } from 'node:path';

/** The package that a path below `node_modules/` belongs to, the innermost one; scoped names have two parts. */
export function packageOf(path: string): string | undefined {
  const parts = path.split(sep);
  const at = parts.lastIndexOf('node_modules');
  if (at === -1) return undefined;
  const first = parts[at + 1];
  const scoped = first?.startsWith('@') === true;
  // The file itself is no package.
  if (first === undefined || at + (scoped ? 3 : 2) >= parts.length) return undefined;
  return scoped ? `${first}/${parts[at + 2]}` : first;
}

/** The package; else the first folder under the root; else, directly under the root, the root's own name. */
export function domainOfFile(root: string, path: string): string {
  const folders = relative(root, path).split(sep).slice(0, -1);
  return packageOf(path) ?? folders[0] ?? (basename(root) || 'root');
}
