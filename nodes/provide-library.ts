/** What a module outside of this project's folder may import as if it had installed it. */
import { registerHooks } from 'node:module';

const PROVIDED = new Map([
  ['banyan', new URL('./library.ts', import.meta.url).href],
  ['banyan/client', new URL('./client.ts', import.meta.url).href],
  ['xstate', import.meta.resolve('xstate')],
  ['zod', import.meta.resolve('zod')],
]);
let hooked = false;

/** From now on this thread's modules find those packages. */
export function provideLibrary(): void {
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
