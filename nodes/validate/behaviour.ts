/** A promise of the product as a scenario that runs against real components, and the stage it runs on. */
import type { Evidence } from './evidence.ts';
import type { RunningSystem } from './running-system.ts';

export interface Behaviour {
  /** As `--only` takes it. */
  readonly name: string;
  /** The promise, in one sentence. */
  readonly promise: string;
  /** Drives the system and judges what it did. What it throws fails the behaviour with that reason. */
  run(stage: Stage): Promise<Evidence>;
}

/** Settings by path, such as `pipeline.phoenix.roundMs`. */
export type SettingsByPath = Readonly<Record<string, string | number>>;

export interface Stage {
  /** Drawn from the seed of the run and the behaviour's name: the same seed sends the same. */
  readonly random: () => number;
  /** A folder of the behaviour's own. */
  readonly folder: string;
  /** Aborts on an interrupt, and when the behaviour has used its time up. */
  readonly signal: AbortSignal;
  /** A size of the full run; a tenth of it in a quick one, but at least `least`. */
  size(full: number, least?: number): number;
  /** Says what is being done or waited for; it is named when the time runs out. */
  progress(text: string): void;
  /** Starts broker and node in the folder, with these settings. They are gone when the behaviour ends. */
  start(settings?: SettingsByPath): Promise<RunningSystem>;
}
