/** Prints the heap per child of a bare supervisor: the account it keeps, and the child's handle and promise. */
import { BareChildren, type BareStrategy } from './bare-children.ts';

const [, , strategy, count] = process.argv;
const children = await BareChildren.start(strategy as BareStrategy);
const before = heapBytes();
await children.add(Number(count));
await new Promise((resolve) => setImmediate(resolve));
const bytes = (heapBytes() - before) / Number(count);
if (children.supervisor.countChildren().active !== Number(count)) throw new Error('Some are missing.');
console.log(JSON.stringify(Math.round(bytes)));

function heapBytes(): number {
  for (let n = 0; n < 3; n++) globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
