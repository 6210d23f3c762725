/** One finding of `banyan doctor`, and what a check is given to work with. */
import type { DoctorDocument } from '../documents.ts';

export type Check = DoctorDocument['checks'][number];

export const ok = (name: string, detail: string): Check => ({ name, status: 'ok', detail });
export const warning = (name: string, detail: string, fix: string): Check => ({
  name,
  status: 'warning',
  detail,
  fix,
});
export const failed = (name: string, detail: string, fix: string): Check => ({
  name,
  status: 'failed',
  detail,
  fix,
});
export const skipped = (name: string, detail: string): Check => ({ name, status: 'skipped', detail });

/** Runs a check; one that throws has failed, with what it threw. */
export async function attempt(
  name: string,
  fix: string,
  check: () => Promise<Check | Check[]>,
): Promise<Check[]> {
  try {
    return [await check()].flat();
  } catch (error) {
    return [failed(name, error instanceof Error ? error.message : String(error), fix)];
  }
}
