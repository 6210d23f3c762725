/** What was observed on one side while a schedule ran: the same words on both. */

export interface RecordedStep {
  /** What was done, such as `exit a error`. */
  readonly step: string;
  /** What followed, in order: `start a 2`, `started a`, `stop b`, `kill b`, `exited b killed`. */
  readonly events: readonly string[];
  /** Every supervisor's children and counts, where everything had come to rest. */
  readonly snapshot?: string | undefined;
}

export interface Recording {
  readonly steps: readonly RecordedStep[];
  /** The answer to each call, in the order of asking. */
  readonly answers: readonly string[];
}

/** A recording as people read it. */
export function renderRecording({ steps, answers }: Recording): string {
  return [
    ...steps.flatMap(({ step, events, snapshot }) => [
      `# ${step}`,
      ...events.map((event) => `    ${event}`),
      ...(snapshot === undefined ? [] : [`  = ${snapshot}`]),
    ]),
    `answers: ${answers.join(', ')}`,
  ].join('\n');
}
