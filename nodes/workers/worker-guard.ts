/**
 * A thread beside a worker's own: it sees that the node is gone while the worker's event loop is blocked, in a loop or
 * in native code. The lifeline is a pipe that only the node holds the other end of; the system closes it whatever
 * ended the node.
 */
import { Socket } from 'node:net';
import { workerData } from 'node:worker_threads';
import { LIFELINE_FD } from './messages.ts';

const { graceMs } = workerData as { readonly graceMs: number };

const lifeline = new Socket({ fd: LIFELINE_FD, readable: true, writable: false });
lifeline.on('error', endProcess);
lifeline.on('close', endProcess);
lifeline.resume();

/** An event loop that is not blocked has seen it as well, and ends the process within its grace. */
function endProcess(): void {
  setTimeout(kill, graceMs);
}

/** With what the worker has started: it leads a process group of its own. */
function kill(): void {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    process.kill(process.pid, 'SIGKILL');
  }
}
