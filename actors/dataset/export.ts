/** Writes published versions from the object store into a folder, one subfolder per version. */
import { chmod, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BanyanError } from '../../protocol/errors.ts';
import type { ContentStore } from '../../runtime/content-store.ts';
import { manifest as manifestSchema, type PublishedVersion, sha256Of } from './manifest.ts';
import { MANIFEST_FILE } from './read-version.ts';

export interface ExportResult {
  /** Folders written now, such as `v0001`. */
  readonly written: readonly string[];
  /** Folders that were there already, with the manifest that was published. */
  readonly unchanged: readonly string[];
}

/** A folder in the making: it appears under its own name only when it is complete. */
const TEMPORARY = '.writing-';

/**
 * Exports `versions` into `folder`. A version appears whole (written aside, synced, renamed) or not at all, and
 * one that is there is never changed. Throws `content.not_found` and `content.mismatch` from the store, and
 * `usage` when a folder of that name holds something else.
 */
export async function exportDataset(
  versions: readonly PublishedVersion[],
  content: ContentStore,
  folder: string,
): Promise<ExportResult> {
  await mkdir(folder, { recursive: true });
  await removeLeftovers(folder);
  const written: string[] = [];
  const unchanged: string[] = [];
  for (const version of [...versions].sort((a, b) => a.version - b.version)) {
    const target = join(folder, version.name);
    if (await exists(target)) {
      await assertSame(target, version);
      unchanged.push(version.name);
      continue;
    }
    await writeVersion(version, content, folder, target);
    written.push(version.name);
  }
  return { written, unchanged };
}

async function writeVersion(
  version: PublishedVersion,
  content: ContentStore,
  folder: string,
  target: string,
): Promise<void> {
  const manifestBytes = await content.get(version.manifestSha256);
  const manifest = manifestSchema.parse(JSON.parse(Buffer.from(manifestBytes).toString('utf8')));
  const temporary = await mkdtemp(join(folder, TEMPORARY));
  try {
    for (const file of manifest.files)
      await writeSynced(join(temporary, file.name), await content.get(file.sha256));
    await writeSynced(join(temporary, MANIFEST_FILE), manifestBytes);
    // A temporary folder is its owner's alone; a dataset is for whoever may read the folder around it.
    await chmod(temporary, 0o755);
    await rename(temporary, target);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

async function assertSame(target: string, version: PublishedVersion): Promise<void> {
  const bytes = await readFile(join(target, MANIFEST_FILE)).catch(() => undefined);
  if (bytes !== undefined && sha256Of(bytes) === version.manifestSha256) return;
  throw new BanyanError('usage', {
    message: `'${target}' holds something else than the published ${version.name}; a published version is never overwritten.`,
    hint: 'Choose another folder with --out, or check this one with "banyan dataset verify".',
  });
}

/** A power cut must not leave a folder with empty files. */
async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What an export left behind when it was killed. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(TEMPORARY)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
