/** Loads the application: the module named by `--app`, or the pipeline. Every shard loads it for itself. */
import { registerHooks } from 'node:module';
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createPipeline } from '../actors/pipeline.ts';
import type { PipelineSettings } from '../actors/settings.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { System } from '../runtime/system.ts';

/** Packages that an application outside of this project's folder may import as if it had installed them. */
const PROVIDED = new Map([
  ['banyan', new URL('./library.ts', import.meta.url).href],
  ['banyan/client', new URL('./client.ts', import.meta.url).href],
  ['xstate', import.meta.resolve('xstate')],
  ['zod', import.meta.resolve('zod')],
]);
let hooked = false;

/** Throws `definition.app` when the module cannot be imported or its default export is not a system. */
export async function loadApplication(app: string | undefined, pipeline: PipelineSettings): Promise<System> {
  if (app === undefined) return createPipeline(pipeline);
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
      message: `${app} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}${placeOf(cause)}`,
      hint: 'Correct the module; an application outside of this project may import banyan, xstate and zod as it is.',
      cause,
    });
  }
  if (isSystem(exported)) return exported;
  throw new BanyanError('definition.app', {
    message: `${app} has no default export made with createSystem().`,
  });
}

/** Where the syntax is wrong: Node puts the place above the name of the error. */
function placeOf(cause: unknown): string {
  if (!(cause instanceof SyntaxError)) return '';
  const place = /^(?:file:\/\/)?\/.*:\d+$/.exec(cause.stack?.split('\n', 1)[0] ?? '');
  return place === null ? '' : `, in ${place[0]}`;
}

function isSystem(value: unknown): value is System {
  return typeof value === 'object' && value !== null && (value as { kinds?: unknown }).kinds instanceof Map;
}

function provideLibrary(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      const provided = PROVIDED.get(specifier);
      if (provided === undefined) return next(specifier, context);
      try {
        // What the application installed itself comes first, but there is only one Banyan.
        return specifier.startsWith('banyan')
          ? { url: provided, shortCircuit: true }
          : next(specifier, context);
      } catch {
        return { url: provided, shortCircuit: true };
      }
    },
  });
}
