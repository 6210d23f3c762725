/** A schedule as the Erlang term that the driver reads. */
import type { Schedule, ScheduledChild, ScheduledWorker, Shutdown, Step } from './schedule.ts';

/** How long a stubborn child has before it is killed, in milliseconds. */
export const STUBBORN_MS = 2;
/** Longer than any schedule takes, in milliseconds. */
export const LONG_MS = 3_600_000;

const SHUTDOWN: Record<Shutdown, string> = {
  brutal: 'brutal_kill',
  stubborn: String(STUBBORN_MS),
  long: String(LONG_MS),
  infinity: 'infinity',
};

/** One line, without its end. Ids must be atoms that need no quotes. */
export function toErlang(schedule: Pick<Schedule, 'root' | 'steps'>): string {
  return `#{root => ${child(schedule.root)}, steps => ${list(schedule.steps.map(step))}}.`;
}

function child(one: ScheduledChild): string {
  const { id, type, restart, significant } = one;
  const facts = { id, type, restart, significant: String(significant) };
  if (one.type === 'worker') {
    return map({
      ...facts,
      shutdown: SHUTDOWN[one.shutdown],
      stubborn: String(one.shutdown === 'stubborn'),
      starts: list(one.starts),
      stops: list(one.stops),
    });
  }
  return map({
    ...facts,
    shutdown: 'infinity',
    depth: String(one.depth),
    strategy: one.strategy,
    intensity: String(one.intensity),
    auto_shutdown: one.autoShutdown,
    ...(one.template === undefined
      ? { children: list(one.children.map(child)) }
      : { template: template(one.template) }),
  });
}

function template(facts: Pick<ScheduledWorker, 'restart' | 'significant' | 'shutdown'>): string {
  const { restart, significant, shutdown } = facts;
  return map({ type: 'worker', restart, significant: String(significant), shutdown: SHUTDOWN[shutdown] });
}

function step(one: Step): string {
  switch (one.type) {
    case 'exit':
      return `{exit, ${one.pick}, ${one.reason}}`;
    case 'release':
      return `{release, ${one.pick}, ${one.outcome}}`;
    case 'start_child':
      return `{start_child, ${one.supervisor}, ${child(one.child)}}`;
    case 'terminate_child':
    case 'restart_child':
    case 'delete_child':
      return `{${one.type}, ${one.supervisor}, ${one.id}}`;
    case 'stop':
    case 'stop_after_failure':
      return one.type;
  }
}

function map(fields: Readonly<Record<string, string>>): string {
  return `#{${Object.entries(fields)
    .map(([key, value]) => `${key} => ${value}`)
    .join(', ')}}`;
}

function list(items: readonly string[]): string {
  return `[${items.join(', ')}]`;
}
