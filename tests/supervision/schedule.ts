/** What the model and our supervisors are put through: a tree, how its workers behave, and what happens to them. */

export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one' | 'simple_one_for_one';
export type AutoShutdown = 'never' | 'any_significant' | 'all_significant';

/** An error of this name is declared a passing fault; it does not count towards the intensity. */
export const PASSING = 'passing';

/** `slow` rejects when it is not wanted any more, `hang` does not listen; both wait until a step releases them. */
export type StartScript = 'ok' | 'fail' | 'passing' | 'ignore' | 'slow' | 'hang';
/** `slow` waits until a step releases it, `stubborn` for its death; `refuse` rejects, and is killed for it. */
export type StopScript = 'prompt' | 'slow' | 'stubborn' | 'refuse';
export type StartOutcome = 'ok' | 'fail' | 'passing' | 'ignore';
export type Cause = 'error' | 'passing' | 'killed' | 'normal' | 'shutdown';

interface ScheduledFacts {
  /** Unique in the whole schedule. */
  readonly id: string;
  readonly restart: 'permanent' | 'transient' | 'temporary';
  readonly significant: boolean;
  readonly shutdownMs: number;
}

export interface ScheduledWorker extends ScheduledFacts {
  readonly type: 'worker';
  /** By attempt; those after the last are `ok`. */
  readonly starts: readonly StartScript[];
  /** By attempt too; those after the last are `prompt`. */
  readonly stops: readonly StopScript[];
}

export interface ScheduledSupervisor extends ScheduledFacts {
  readonly type: 'supervisor';
  readonly strategy: Strategy;
  readonly autoShutdown: AutoShutdown;
  readonly max: number;
  readonly windowMs: number;
  readonly backoff: ScheduledBackoff;
  readonly children: readonly ScheduledChild[];
}

/** Without jitter. */
export interface ScheduledBackoff {
  readonly baseMs: number;
  readonly maxMs: number;
  readonly factor: number;
  readonly healthyMs: number;
}

export type ScheduledChild = ScheduledWorker | ScheduledSupervisor;

/** Numbers pick one of those there are at that moment: of what is up, of what is slow, of who can be called. */
export type Wish = {
  /** The next wish follows at once, before anything that this one sets off. */
  readonly rush: boolean;
} & (
  | { readonly type: 'exit'; readonly pick: number; readonly cause: Cause }
  | { readonly type: 'release'; readonly pick: number; readonly outcome: StartOutcome }
  | { readonly type: 'start'; readonly pick: number; readonly child: ScheduledChild }
  | { readonly type: 'again'; readonly pick: number; readonly which: number }
  | { readonly type: 'terminate' | 'restart' | 'delete'; readonly pick: number; readonly which: number }
  | { readonly type: 'gap'; readonly ms: number }
  | { readonly type: 'stop' | 'kill' }
);

export interface Schedule {
  readonly root: ScheduledSupervisor;
  readonly wishes: readonly Wish[];
}

/** What a wish came to: something definite, the same for both sides. */
export type Step = { readonly rush: boolean } & (
  | { readonly type: 'boot' | 'stop' | 'kill' }
  | { readonly type: 'exit'; readonly incarnation: string; readonly cause: Cause }
  | { readonly type: 'release-start'; readonly incarnation: string; readonly outcome: StartOutcome }
  | { readonly type: 'release-stop'; readonly incarnation: string }
  | { readonly type: 'gap'; readonly ms: number }
  | { readonly type: 'start'; readonly supervisor: string; readonly child: ScheduledChild }
  | { readonly type: 'terminate' | 'restart' | 'delete'; readonly supervisor: string; readonly id: string }
);

/** A step as people read it. */
export function renderStep(step: Step): string {
  const { rush, type, ...facts } = step;
  const words = Object.values(facts).map((fact) => (typeof fact === 'object' ? fact.id : String(fact)));
  return [type, ...words, ...(rush ? ['and at once:'] : [])].join(' ');
}
