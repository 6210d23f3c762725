/** Commits without end, says each commit's number once it is done, and is killed by the test. */
import { writeSync } from 'node:fs';
import { LmdbStore } from '../../runtime/store-lmdb.ts';

const store = LmdbStore.open(process.argv[2] as string, (reason) => {
  throw new Error(reason);
});
const start = Number(Buffer.from(store.get('left') ?? Buffer.from('0')).toString());
for (let n = start + 1; ; n++) {
  const value = Buffer.from(String(n));
  store.commit([
    ['left', value],
    [`row|${String(n % 500).padStart(4, '0')}`, Buffer.alloc(200 + (n % 9_000), n % 251)],
    ['right', value],
  ]);
  writeSync(1, `${n}\n`);
}
