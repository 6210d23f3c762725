/** Where a validation runs: one folder for everything, and nothing of it left, however the process ends. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SettingsByPath } from './behaviour.ts';
import { RunningSystem } from './running-system.ts';

export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), 'banyan-validate-'));
  readonly #systems = new Map<string, RunningSystem[]>();
  readonly #kept: string[] = [];

  constructor() {
    // A second Ctrl-C, or a bug, ends the process at once: then there is only this moment.
    process.once('exit', this.#leaveNothing);
  }

  /** A behaviour's own folder. */
  open(name: string): string {
    const folder = join(this.folder, name);
    mkdirSync(folder);
    return folder;
  }

  async start(
    folder: string,
    settings: SettingsByPath,
    signal: AbortSignal,
    onDeath: (reason: Error) => void,
  ): Promise<RunningSystem> {
    const system = new RunningSystem(folder, settings, signal, onDeath);
    this.#systems.set(folder, [...(this.#systems.get(folder) ?? []), system]);
    await system.start();
    return system;
  }

  /** Ends the systems in a folder, and removes it unless it is to be looked at. */
  async close(folder: string, keep: boolean): Promise<void> {
    for (const system of this.#systems.get(folder) ?? []) await system.end();
    this.#systems.delete(folder);
    if (keep) this.#kept.push(folder);
    else remove(folder);
  }

  /** Removes the folder, unless something in it is kept. */
  dispose(): void {
    process.removeListener('exit', this.#leaveNothing);
    this.#leaveNothing();
  }

  readonly #leaveNothing = (): void => {
    for (const system of [...this.#systems.values()].flat()) system.destroy();
    if (this.#kept.length === 0) remove(this.folder);
  };
}

/** A process that was killed may close a file a moment later. */
function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}
