/** A node under test, with everything it talks to. */
import { createIntake } from '../../actors/intake/intake.ts';
import { type Collector, Unreadable } from '../../actors/node/collectors/collector.ts';
import { createNode } from '../../actors/node/node.ts';
import { createOrchestrator } from '../../actors/orchestrator/orchestrator.ts';
import { defaultPipelineSettings, type PipelineSettings } from '../../actors/settings.ts';
import { createActorHarness } from './actor-harness.ts';
import { decidingCoordinator } from './deciding-coordinator.ts';

interface Item {
  content: string;
  modifiedMs?: number;
  problem?: Error | undefined;
}

/** A collector whose target is a map in memory, and that counts what is read. */
export function memoryCollector() {
  const items = new Map<string, Item>();
  const reads: string[] = [];
  const collector: Collector = {
    type: 'memory',
    list: async ({ location }) => {
      if (location === 'unreachable') throw new Error('no such place');
      return [...items]
        .filter(([name]) => name.startsWith(location))
        .map(([name, item]) => ({ name, bytes: item.content.length, modifiedMs: item.modifiedMs ?? 0 }));
    },
    read: async (_target, name) => {
      reads.push(name);
      const item = items.get(name);
      if (item === undefined) throw new Unreadable('gone');
      if (item.problem !== undefined) throw item.problem;
      const { content, modifiedMs = 0 } = item;
      return {
        content,
        contentType: 'text',
        source: `memory:${name}`,
        domain: 'd',
        bytes: content.length,
        modifiedMs,
      };
    },
  };
  return { items, reads, collector };
}

type Changes = { [K in 'node' | 'intake']?: Partial<PipelineSettings[K]> };

/** What a node of a test has besides. */
interface More {
  /** Where tasks keep things: with one, what is read may be gone afterwards, and is kept there. */
  readonly folder?: string;
  /** Collects instead of the map. */
  readonly collector?: Collector;
}

/** A node with intake and orchestrator, and a deduplicating coordinator. */
export function startNode(changes: Changes = {}, { folder, collector: own }: More = {}) {
  const { items, reads, collector: lasting } = memoryCollector();
  const collector: Collector = folder === undefined ? lasting : { ...lasting, volatile: true };
  const { node, intake } = defaultPipelineSettings;
  const settings = {
    ...defaultPipelineSettings,
    node: { ...node, ...changes.node },
    intake: { ...intake, ...changes.intake },
  };
  const definitions = [
    createNode(settings, { collectors: [own ?? collector] }),
    createIntake(settings),
    createOrchestrator(settings),
  ];
  const harness = createActorHarness(
    [...definitions, decidingCoordinator],
    folder === undefined ? {} : { folder },
  );
  const begin = (session = 's1', capacity = 3) =>
    harness.tell('node/n1', { type: 'node.started', session, capabilities: ['memory'], capacity });
  let runs = 0;
  const collect = async (location = '') => {
    const run = `r${++runs}`;
    harness.tell('orchestrator/main', { type: 'target.collect', run, target: { type: 'memory', location } });
    await harness.settle();
  };
  const add = async (location = '', more: object = {}) => {
    harness.tell('orchestrator/main', { type: 'target.add', target: { type: 'memory', location, ...more } });
    await harness.settle();
  };
  const status = () =>
    harness.ask('node/n1', 'status') as Record<string, unknown> & {
      files: Record<string, number>;
      state: string;
    };
  const intakeStats = () => harness.ask('intake/main', 'stats') as Record<string, number>;
  const target = () => (harness.ask('orchestrator/main', 'targets') as Record<string, unknown>[])[0];
  const fill = (count: number, content = (n: number) => `content ${n}`) => {
    for (let n = 0; n < count; n++) items.set(`item${String(n).padStart(5, '0')}`, { content: content(n) });
  };
  return { harness, items, reads, begin, collect, add, status, intakeStats, target, fill };
}
