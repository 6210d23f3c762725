/**
 * Which nats-server releases may carry a mailbox. Older ones acknowledged duplicates that they had never stored;
 * the supported lines by the project's own advisory are 2.12 from 2.12.7 and everything from 2.14 on. The
 * 2.11 line is safe from 2.11.16, but lacks atomic batches and schedules, which the runtime needs.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BanyanError } from '../../protocol/errors.ts';

/** The releases that are accepted, in words for messages. */
export const SUPPORTED_VERSIONS = '2.12.7 or a later 2.12, or 2.14 and later';

const VERSION_TIMEOUT_MS = 10_000;
const run = promisify(execFile);

/** A nats-server executable and the release it says it is. */
export interface NatsServer {
  /** Absolute path of the executable. */
  readonly path: string;
  /** Release, such as `2.15.1`. */
  readonly version: string;
}

/** The release in what `nats-server -v` prints (`nats-server: v2.15.1`), or undefined. */
export function parseVersion(text: string): string | undefined {
  return /\bv?(\d+\.\d+\.\d+)/.exec(text)?.[1];
}

/** Whether a release, such as `2.15.1`, is one that {@link SUPPORTED_VERSIONS} names. */
export function isSupportedVersion(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  if (major !== 2) return major > 2;
  if (minor === 12) return patch >= 7;
  return minor >= 14;
}

/** Throws `broker.version` unless the release is supported. `where` names the server in the message. */
export function requireSupportedVersion(version: string, where: string): void {
  if (isSupportedVersion(version)) return;
  throw new BanyanError('broker.version', {
    message: `${where} is nats-server ${version}, which is too old: Banyan needs ${SUPPORTED_VERSIONS}`,
  });
}

/** Asks an executable for its release. Undefined when it does not run or does not answer like a nats-server. */
export async function readVersion(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: VERSION_TIMEOUT_MS });
    return parseVersion(stdout);
  } catch {
    return undefined;
  }
}
