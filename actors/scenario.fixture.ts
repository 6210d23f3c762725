/** Scenarios for tests, built as the feeder builds them. */
import { someArtifact } from './artifact.fixture.ts';
import type { Artifact } from './artifact.ts';
import { buildScenario } from './phoenix/build-scenario.ts';
import type { Scenario, Verdict } from './scenario.ts';
import { defaultPipelineSettings } from './settings.ts';

export function someScenario(n: number, overrides: Partial<Artifact> = {}): Scenario {
  const artifact = someArtifact(n, overrides);
  return buildScenario(
    { ...artifact, reporters: [artifact.node] },
    'main',
    [],
    defaultPipelineSettings.phoenix,
  );
}

export function someVerdict(scenario: Scenario, decision: Verdict['decision'] = 'accept'): Verdict {
  return {
    scenario: scenario.id,
    decision,
    confidence: 0.75,
    layers: [
      { layer: 'structure', result: 'passed', reasons: [] },
      { layer: 'evidence', result: decision === 'reject' ? 'failed' : 'passed', reasons: [] },
      { layer: 'safety', result: 'passed', reasons: [] },
      { layer: 'semantics', result: 'unavailable', reasons: ['no inference worker'] },
    ],
  };
}
