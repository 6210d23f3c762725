/** Counters that fail in many ways, and one whose query ends the thread of its shard. */
import { setup } from 'xstate';
import { createSystem, defineActor, defineContract, supervisor } from '../../nodes/library.ts';
import { createCounting } from '../harness/apps/counting.ts';

const ender = defineActor({
  ...defineContract({ kind: 'ender', messages: {} }),
  queries: {
    /** A query, because it is not in the log: a message would end the next thread, too. */
    end: () => process.exit(1),
  },
  machine: setup({}).createMachine({}),
});

const counters = [...createCounting({ fixed: false }).kinds.values()].map(({ definition }) => definition);

export default createSystem({
  actors: [...counters, ender],
  tree: supervisor('all', { children: [...counters, ender] }),
});
