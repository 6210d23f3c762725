/** Imports a module of the user's own that settings name: a collector, an assessor. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BanyanError, type ErrorCode } from '../protocol/errors.ts';
import { provideLibrary } from './provide-library.ts';
import { syntaxPlace } from './syntax-place.ts';

/** Its default export. Throws `code` for what cannot be imported; `flag` is how the user names such a module. */
export async function importPart(named: string, code: ErrorCode, flag: string): Promise<unknown> {
  const unusable = (why: string, cause?: unknown): BanyanError =>
    new BanyanError(code, {
      message: `${named} cannot be loaded: ${why}`,
      hint: `Name the module with ${flag}; it may import banyan, xstate and zod as it is.`,
      ...(cause === undefined ? {} : { cause }),
    });
  const file = resolve(named);
  if (!existsSync(file)) throw unusable('there is no such file');
  provideLibrary();
  try {
    return ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
  } catch (cause) {
    throw unusable(`${cause instanceof Error ? cause.message : String(cause)}${syntaxPlace(cause)}`, cause);
  }
}
