/** Collects one file: the target's location is its path. */
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { BanyanError } from '../../../protocol/errors.ts';
import type { Target } from '../../orchestrator/contract.ts';
import type { Collector, CollectorLimits } from './collector.ts';
import { packageOf } from './file-domain.ts';
import { readTextFile } from './read-file.ts';

/** A link that the target itself names is followed: the user chose it. */
export const fileCollector = {
  type: 'file',

  async list(target: Target) {
    const path = resolve(target.location);
    const status = await stat(path);
    if (!status.isFile()) throw new BanyanError('task.failed', { message: `'${path}' is not a file.` });
    return [{ name: path, bytes: status.size, modifiedMs: Math.floor(status.mtimeMs) }];
  },

  async read(_target: Target, name: string, limits: CollectorLimits) {
    const item = await readTextFile(name, undefined, limits);
    const real = await realpath(name);
    return { ...item, domain: packageOf(real) ?? (basename(dirname(real)) || 'root') };
  },
} satisfies Collector;
