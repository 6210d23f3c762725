/** Loads the application: the module named by `--app`, or the pipeline. Every shard loads it for itself. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createPipeline } from '../actors/pipeline.ts';
import type { PipelineSettings } from '../actors/settings.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { System } from '../runtime/system.ts';
import { loadAssessor, loadCollectors } from './load-node-parts.ts';
import { provideLibrary } from './provide-library.ts';
import { syntaxPlace } from './syntax-place.ts';

/**
 * Without an application it is the pipeline, with the collectors that its settings name beside the shipped ones, and
 * the assessor that they name. Throws `collector.invalid` and `assessor.invalid` for one of them, `definition.invalid` when two serve one type, `definition.app` when the module cannot be imported or its default export is not a system.
 */
export async function loadApplication(app: string | undefined, pipeline: PipelineSettings): Promise<System> {
  if (app === undefined) {
    const [collectors, assessor] = await Promise.all([
      loadCollectors(pipeline.node),
      loadAssessor(pipeline.node),
    ]);
    return createPipeline(pipeline, { collectors, assessor });
  }
  const file = resolve(app);
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new BanyanError('definition.app', {
      message: `${app} cannot be loaded: ${existsSync(file) ? 'it is not a file' : 'there is no such file'}`,
      hint: 'Name the module with --app.',
    });
  }
  provideLibrary();
  let exported: unknown;
  try {
    exported = ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
    if (typeof exported === 'function') exported = (exported as () => unknown)();
  } catch (cause) {
    throw new BanyanError('definition.app', {
      message: `${app} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}${syntaxPlace(cause)}`,
      hint: 'Correct the module; an application outside of this project may import banyan, xstate and zod as it is.',
      cause,
    });
  }
  if (isSystem(exported)) return exported;
  throw new BanyanError('definition.app', {
    message: `${app} has no default export made with createSystem().`,
  });
}

function isSystem(value: unknown): value is System {
  return typeof value === 'object' && value !== null && (value as { kinds?: unknown }).kinds instanceof Map;
}
