/** What supervisors do, in the log: what somebody has to know stands out, the rest is there for whoever looks closer. */
import type { Logger } from 'pino';
import type { SupervisionEvent } from '../supervisors/perform.ts';

const SAID: Readonly<
  Partial<Record<SupervisionEvent['type'], { level: 'warn' | 'error'; message: string }>>
> = {
  'gave-up': { level: 'error', message: 'A supervisor has given up: its children failed too often.' },
  'child-killed': { level: 'warn', message: 'A child did not stop in time and was killed.' },
};

export function logSupervision(log: Logger): (event: SupervisionEvent) => void {
  return (event) => {
    const { level, message } = SAID[event.type] ?? { level: 'debug', message: 'supervision' };
    log[level](event, message);
  };
}
