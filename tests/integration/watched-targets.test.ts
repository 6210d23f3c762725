/** Targets that are watched: what changes is collected without waiting for the interval. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { defaultPipelineSettings } from '../../actors/settings.ts';
import type { Address } from '../../protocol/address.ts';
import { useSystem } from '../harness/test-node.ts';

const folder = mkdtempSync(join(tmpdir(), 'banyan-watched-'));
afterAll(() => rmSync(folder, { recursive: true }));

const pipeline = {
  ...defaultPipelineSettings,
  node: { ...defaultPipelineSettings.node, watchQuietMs: 100 },
};
const system = useSystem({ app: undefined, pipeline });

const orchestrator = 'orchestrator/main' as Address;
const node = 'node/n1' as Address;
const write = (name: string) =>
  writeFileSync(join(folder, name), `The content of ${name}, which is like no other.`);
const accepted = async (count: number): Promise<void> => {
  await vi.waitFor(
    async () => expect(await system.ask('intake/main', 'stats')).toMatchObject({ accepted: count }),
    { timeout: 20_000, interval: 100 },
  );
};

test('a watched target is collected when it changes, also after a restart, until it is removed', async () => {
  write('first.txt');
  const target = { type: 'directory', location: folder, metadata: { watch: true } };
  const added = await system.call(orchestrator, { type: 'target.add', target });
  await accepted(1);
  expect(await system.ask(node, 'watched')).toMatchObject([{ location: folder }]);
  write('second.txt');
  await accepted(2);

  await system.stop();
  write('third.txt');
  await system.start();
  await accepted(3);
  write('fourth.txt');
  await accepted(4);

  const { id } = added.value as { id: string };
  await system.call(orchestrator, { type: 'target.remove', id });
  write('fifth.txt');
  await vi.waitFor(async () => expect(await system.ask(node, 'watched')).toEqual([]), { timeout: 20_000 });
  expect(await system.ask('intake/main', 'stats')).toMatchObject({ accepted: 4 });
});
