/** Intake under test. */
import { createIntake } from '../../actors/intake/intake.ts';
import { defaultPipelineSettings, type IntakeSettings } from '../../actors/settings.ts';
import { createActorHarness } from './actor-harness.ts';
import { decidingCoordinator } from './deciding-coordinator.ts';

/** The answer to a submission. */
export interface Reply {
  accepted: number;
  duplicates: number;
  corroborated: number;
  rejected: {
    index: number;
    error: { code: string; path?: string; retryAfterMs?: number; hint?: string; recoverable: boolean };
  }[];
  retryAfterMs?: number;
}

/** Intake with a deduplicating coordinator behind it. */
export function startIntake(changes: Partial<IntakeSettings> = {}) {
  const settings = { ...defaultPipelineSettings, intake: { ...defaultPipelineSettings.intake, ...changes } };
  const harness = createActorHarness([createIntake(settings), decidingCoordinator]);
  let requests = 0;
  let serial = 0;
  const submit = (artifacts: unknown[], node = 'alpha'): Reply | undefined => {
    const id = `r${++requests}`;
    harness.tell(
      'intake/main',
      { type: 'artifact.submit', node, artifacts },
      { replyTo: { to: 'inbox', id } },
    );
    return harness.replies.find((reply) => reply.id === id)?.value as Reply | undefined;
  };
  const submitNew = (count: number, node = 'alpha'): Reply => {
    let reply: Reply | undefined;
    for (let left = count; left > 0; left -= 256) {
      const items = Array.from({ length: Math.min(256, left) }, () => text(`item ${++serial}`));
      reply = merge(reply, submit(items, node));
    }
    return reply as Reply;
  };
  const stats = () => harness.ask('intake/main', 'stats') as Record<string, number> & { state: string };
  return { harness, submit, submitNew, stats };
}

export const text = (content: string) => ({ contentType: 'text', content });

function merge(a: Reply | undefined, b: Reply | undefined): Reply {
  if (b === undefined) throw new Error('the submission was not answered');
  return {
    ...b,
    accepted: (a?.accepted ?? 0) + b.accepted,
    rejected: [...(a?.rejected ?? []), ...b.rejected],
  };
}
