/** The orchestrator under test. */
import { createOrchestrator } from '../../actors/orchestrator/orchestrator.ts';
import type { NodeRow, TargetRow } from '../../actors/orchestrator/tables.ts';
import { targetId } from '../../actors/orchestrator/target-id.ts';
import { defaultPipelineSettings, type OrchestratorSettings } from '../../actors/settings.ts';
import { createActorHarness } from './actor-harness.ts';

/** The orchestrator alone: what it tells nodes and intake stays undelivered, and can be looked at. */
export function startOrchestrator(changes: Partial<OrchestratorSettings> = {}) {
  const { orchestrator, ...others } = defaultPipelineSettings;
  const harness = createActorHarness([
    createOrchestrator({ ...others, orchestrator: { ...orchestrator, ...changes } }),
  ]);
  const tell = (message: { type: string } & Record<string, unknown>) =>
    harness.tell('orchestrator/main', message);
  const report = (node: string, status = 'active', capacity = 3, capabilities = ['directory', 'file']) =>
    tell({ type: 'node.report', node, status, capabilities, capacity });
  const add = (location: string, more: object = {}) =>
    tell({ type: 'target.add', target: { type: 'directory', location, ...more } });
  const told = (kind: string): (Record<string, unknown> & { to: string })[] =>
    harness.deadLetters
      .filter(({ to }) => to.startsWith(`${kind}/`))
      .map(({ to, message }) => ({ ...(message as Record<string, unknown>), to }));
  const assigned = () =>
    told('node')
      .filter(({ type }) => type === 'target.assigned')
      .map((message) => ({
        node: message.to.slice('node/'.length),
        location: (message['target'] as { location: string }).location,
        assignment: String(message['assignment']),
        exempt: message['exempt'],
        id: String(message['id']),
      }));
  const finish = (outcome: string, more: object = {}) => {
    const last = assigned().at(-1);
    const result = { node: last?.node, target: last?.id, assignment: last?.assignment, outcome };
    tell({ type: 'collect.result', items: 10, durationMs: 6_000, quality: 0.5, ...result, ...more });
  };
  const idOf = (location: string): string => targetId({ type: 'directory', location });
  const target = (location: string) =>
    harness.ask('orchestrator/main', 'target', { id: idOf(location) }) as Record<string, unknown>;
  const node = (name: string) =>
    (harness.ask('orchestrator/main', 'nodes') as (NodeRow & Record<string, unknown>)[]).find(
      (row) => row.name === name,
    );
  const targets = () => harness.ask('orchestrator/main', 'targets', { limit: 1_000 }) as TargetRow[];
  const stats = () => harness.ask('orchestrator/main', 'stats') as Record<string, number>;
  return { harness, tell, report, add, told, assigned, finish, target, node, idOf, targets, stats };
}
