/** Folders that settings name and that we write to. */
import { accessSync, constants, mkdirSync, realpathSync } from 'node:fs';
import { BanyanError } from '../protocol/errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'it is not a directory',
  ENOTDIR: 'a part of its path is not a directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

/**
 * Makes the folder that the setting `setting` names, unless it is there, and resolves its symbolic links. Throws
 * `config.invalid` when it cannot be made, or not be written to.
 */
export function makeWritableDirectory(directory: string, setting: 'data' | 'out', mode = 0o777): string {
  try {
    mkdirSync(directory, { recursive: true, mode });
    const path = realpathSync(directory);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return path;
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw new BanyanError('config.invalid', {
      path: setting,
      message: `The directory ${directory} cannot be written to: ${REASONS[code] ?? message}`,
      hint: `Choose another one with --${setting}, or give this user the right to write there.`,
      cause,
    });
  }
}
