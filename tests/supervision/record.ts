/** What was observed on one side: the same words on both. */
import { type Step, renderStep } from './schedule.ts';

export interface RecordedStep {
  readonly step: Step;
  /** What followed, in order, as `when who what`: `120 a#2 started`. */
  readonly events: readonly string[];
  /** Every supervisor's children and the restarts within its window; empty when the next step follows at once. */
  readonly snapshot: string;
}

export interface Recording {
  readonly steps: readonly RecordedStep[];
  /** The answer to each call, in the order of asking; `none` when there was none. */
  readonly answers: readonly string[];
}

export interface ModelStep extends RecordedStep {
  /** Several things were under way at the same time, so that their order is chance. */
  readonly apart: boolean;
}

export interface ModelRecording extends Recording {
  readonly steps: readonly ModelStep[];
  /** The rest of the schedule was left out, because two outcomes of its next step are right. */
  readonly isCut: boolean;
}

/** A recording as people read it. */
export function renderRecording({ steps, answers }: Recording): string {
  return [
    ...steps.flatMap(({ step, events, snapshot }) => [
      `# ${renderStep(step)}`,
      ...events.map((event) => `    ${event}`),
      ...(snapshot === '' ? [] : [`  = ${snapshot}`]),
    ]),
    `answers: ${answers.join(', ')}`,
  ].join('\n');
}
