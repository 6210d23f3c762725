/** The pipeline with a collector whose items are there only once: reading a file of the folder takes it away. */
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { setup } from 'xstate';
import { z } from 'zod';
import type { Collector } from '../../../actors/node/collectors/collector.ts';
import { nodeContract } from '../../../actors/node/contract.ts';
import { createPipeline } from '../../../actors/pipeline.ts';
import { defaultPipelineSettings } from '../../../actors/settings.ts';
import {
  createSystem,
  defineActor,
  defineContract,
  type MessageOf,
  supervisor,
  type System,
  tell,
} from '../../../nodes/library.ts';

/** While a file of this name is in the folder, whoever reads waits behind the first item. */
const holdFile = 'hold';

async function untilReleased(folder: string, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const changes = watch(folder, { signal: AbortSignal.any([signal, stop.signal]) });
  // Watching begins with the first step: only then is it safe to look.
  let change = changes[Symbol.asyncIterator]().next();
  while (existsSync(join(folder, holdFile))) {
    await change;
    change = changes[Symbol.asyncIterator]().next();
  }
  change.catch(() => undefined);
  stop.abort();
}

const fleeting: Collector = {
  type: 'fleeting',
  volatile: true,
  list: async ({ location }) =>
    readdirSync(location)
      .filter((name) => name.endsWith('.txt'))
      .map((name) => ({ name, bytes: 100, modifiedMs: 0 })),
  read: async ({ location }, name, { signal }) => {
    const content = readFileSync(join(location, name), 'utf8');
    renameSync(join(location, name), join(location, `${name}.taken`));
    if (existsSync(join(location, holdFile))) await untilReleased(location, signal);
    return {
      content,
      contentType: 'text',
      source: `fleeting:${name}`,
      domain: 'd',
      bytes: 100,
      modifiedMs: 0,
    };
  },
};

const starterContract = defineContract({
  kind: 'starter',
  messages: { start: z.object({ node: z.string() }) },
});

/** Announces a machine, as the command line does it. */
const starter = defineActor({
  ...starterContract,
  machine: setup({
    types: { events: {} as MessageOf<typeof starterContract.messages> },
  }).createMachine({
    on: {
      start: {
        actions: ({ event: { node } }) =>
          tell(nodeContract.at(node), {
            type: 'node.started',
            session: 's1',
            capabilities: ['fleeting'],
            capacity: 3,
          }),
      },
    },
  }),
});

const pipeline = createPipeline(defaultPipelineSettings, { collectors: [fleeting] });
const actors = [...[...pipeline.kinds.values()].map(({ definition }) => definition), starter];

const system: System = createSystem({ actors, tree: supervisor('app', { children: actors }) });
export default system;
