/** What `up` collects: paths the user named, or the documentation of the packages that are installed. */
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BanyanError } from '../../../protocol/errors.ts';

/** A target as `target.collect` takes it. */
export interface Source {
  readonly type: 'directory' | 'file';
  /** Absolute; a directory's may end with globs. */
  readonly location: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const DOCUMENTATION = '**/{README,CHANGELOG,HISTORY,SECURITY}*';
const GLOB = /[*?[\]{}]/;

/** The sources that were named; throws `config.invalid` for one that cannot be collected. */
export function namedSources(sources: readonly string[], directory: string): Source[] {
  return sources.map((source) => {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(source) && !source.startsWith('file://')) {
      throw refused(source, 'only files and directories can be collected so far');
    }
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
