/** The application as the determinism check loads it, in a thread of its own. */
import type { PipelineSettings } from '../../actors/settings.ts';
import type { System } from '../../runtime/system.ts';
import { loadApplication } from '../application.ts';

export default function checkedApplication({
  app,
  pipeline,
}: {
  app: string | undefined;
  pipeline: PipelineSettings;
}): Promise<System> {
  return loadApplication(app, pipeline);
}
