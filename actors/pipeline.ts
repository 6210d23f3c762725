/** The default application: collect, deduplicate, rank, turn into training scenarios, check, publish. */
import { createSystem, type System } from '../runtime/system.ts';
import { supervisor } from '../supervisors/declaration.ts';
import { createCoordinator } from './coordinator/coordinator.ts';
import { createCritic } from './critic/critic.ts';
import { createCurator } from './curator/curator.ts';
import { createIntake } from './intake/intake.ts';
import { createNode, type NodeParts } from './node/node.ts';
import { createOrchestrator } from './orchestrator/orchestrator.ts';
import { createPhoenix } from './phoenix/phoenix.ts';
import { createReputation } from './reputation/reputation.ts';
import { defaultPipelineSettings, type PipelineSettings } from './settings.ts';

/**
 * The pipeline's actors and their tree. `parts` replaces what is pluggable: collectors and the assessor. The
 * settings belong to what a turn computes, so they are part of the system's version.
 */
export function createPipeline(
  settings: PipelineSettings = defaultPipelineSettings,
  parts: NodeParts = {},
): System {
  const actors = [
    createNode(settings, parts),
    createOrchestrator(settings),
    createIntake(settings),
    createCoordinator(settings),
    createReputation(settings),
    createPhoenix(settings),
    createCritic(settings),
    createCurator(settings),
  ];
  // Collectors and the assessor are a matter of tasks: no turn depends on them.
  const { collectors: _, assessor: __, ...node } = settings.node;
  return createSystem({
    actors,
    tree: supervisor('intelligence', { children: actors }),
    settings: { ...settings, node },
  });
}
