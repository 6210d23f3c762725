/** What `up` collects: what the user named, or the documentation of the packages that are installed. */
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BanyanError } from '../../../protocol/errors.ts';

/** A target as `target.collect` takes it. */
export interface Source {
  readonly type: string;
  /** A URL, a subject, or an absolute path; a directory's may end with globs. */
  readonly location: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const DOCUMENTATION = '**/{README,CHANGELOG,HISTORY,SECURITY}*';
const GLOB = /[*?[\]{}]/;

/**
 * The sources that were named: paths, http and https URLs, and `TYPE:LOCATION` for any type that the node has a
 * collector for. Throws `config.invalid` for one that cannot be collected.
 */
export function namedSources(
  sources: readonly string[],
  directory: string,
  types: readonly string[],
): Source[] {
  return sources.map((source) => {
    const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(source) ?? [];
    const type = scheme.toLowerCase();
    if (type === 'http' || type === 'https') return webPage(source);
    if (scheme !== '' && type !== 'file' && !existsSync(resolve(directory, source)))
      return typed(source, type, rest, directory, types);
    const location = resolve(directory, source.startsWith('file://') ? fileURLToPath(source) : source);
    const status = statSync(location, { throwIfNoEntry: false });
    if (status?.isFile() === true) return { type: 'file', location, metadata: {} };
    if (status?.isDirectory() === true || (status === undefined && GLOB.test(source))) {
      return { type: 'directory', location, metadata: {} };
    }
    throw refused(
      source,
      status === undefined ? 'there is no such file or directory' : 'it is neither a file nor a directory',
    );
  });
}

function webPage(source: string): Source {
  if (URL.canParse(source)) return { type: 'http', location: source, metadata: {} };
  throw refused(source, 'it is not a URL');
}

function typed(
  source: string,
  type: string,
  location: string,
  directory: string,
  types: readonly string[],
): Source {
  if (!types.includes(type))
    throw refused(
      source,
      `there is no collector for '${type}'; name a path, an http URL, or TYPE:LOCATION with one of ${types.join(', ')}`,
    );
  if (location === '') throw refused(source, 'nothing stands behind its type');
  const isPath = type === 'log' || type === 'directory';
  return { type, location: isPath ? resolve(directory, location) : location, metadata: {} };
}

/** The source, collected again whenever it changes, if it is one that can be watched. */
export function watched(source: Source): Source {
  const canBe = source.type === 'file' || source.type === 'directory';
  return canBe ? { ...source, metadata: { ...source.metadata, watch: true } } : source;
}

/** Without a named source: the packages of the project in `directory`, or else Banyan's own. */
export function defaultSources(directory: string): Source[] {
  const own = fileURLToPath(new URL('../../../node_modules', import.meta.url));
  const location = [join(directory, 'node_modules'), own].find((folder) => existsSync(folder));
  if (location === undefined) return [];
  return [{ type: 'directory', location, metadata: { include: [DOCUMENTATION] } }];
}

function refused(source: string, why: string): BanyanError {
  return new BanyanError('config.invalid', {
    path: 'sources',
    message: `The source ${JSON.stringify(source)} cannot be collected: ${why}.`,
  });
}
