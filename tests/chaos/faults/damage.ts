/** Does to a node's stores what disks and people do. */
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Draw } from '../../simulation/draw.ts';

/** Damages the store of some of the shards; the node must not run. Returns what was done. */
export function damageStores(data: string, draw: Draw): string[] {
  const shards = join(data, 'shards');
  if (!existsSync(shards)) return [];
  return readdirSync(shards).flatMap((shard) => {
    if (draw.chance(0.25)) return [];
    const folder = join(shards, shard);
    if (draw.chance(0.2)) {
      rmSync(folder, { recursive: true });
      return [`${shard}: deleted`];
    }
    const files = readdirSync(folder).filter((name) => statSync(join(folder, name)).size > 0);
    if (files.length === 0) return [];
    // The file with the data, mostly.
    const name = draw.chance(0.8) && files.includes('data.mdb') ? 'data.mdb' : draw.pick(files);
    return [`${shard}/${name}: ${damage(join(folder, name), draw)}`];
  });
}

function damage(file: string, draw: Draw): string {
  const { size } = statSync(file);
  const dice = draw.next();
  if (dice < 0.15) {
    rmSync(file);
    return 'deleted';
  }
  if (dice < 0.4) {
    const bytes = draw.whole(0, size - 1);
    truncateSync(file, bytes);
    return `cut to ${bytes} of ${size} bytes`;
  }
  const content = readFileSync(file);
  if (dice < 0.7) {
    const count = draw.whole(1, 40);
    for (let flip = 0; flip < count; flip++) {
      const at = draw.whole(0, size - 1);
      content[at] = (content[at] ?? 0) ^ (1 << draw.whole(0, 7));
    }
    writeFileSync(file, content);
    return `${count} bits flipped`;
  }
  const from = draw.whole(0, size - 1);
  const until = Math.min(size, from + draw.whole(1, 16_384));
  content.fill(draw.pick([0x00, 0xff]), from, until);
  writeFileSync(file, content);
  return `bytes ${from} to ${until} overwritten`;
}
