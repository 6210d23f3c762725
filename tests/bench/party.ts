/**
 * The other side of a benchmark, in a process of its own: a node, or whoever stands for it on the raw path.
 * It says `ready` once, answers requests, and ends with its channel.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Party {
  readonly pid: number;
  request(body: object): Promise<unknown>;
  stop(): Promise<void>;
  /** Ends it with SIGKILL, as a crash would. */
  kill(): Promise<void>;
}

/**
 * Starts a party's module with one argument; resolves when it is ready. Throws when it ends before. What is
 * preloaded changes its modules, also in its threads.
 */
export async function startParty(module: URL, argument: object, preload?: URL): Promise<Party> {
  const profile = process.env['BENCH_PROFILE'];
  const child = fork(fileURLToPath(module), [JSON.stringify(argument)], {
    execArgv: [
      ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
      ...(preload === undefined ? [] : ['--import', preload.href]),
    ],
    serialization: 'advanced',
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await nextMessage(child);
  return {
    pid: child.pid as number,
    request: async (body) => {
      const answer = nextMessage(child);
      child.send(body);
      return answer;
    },
    stop: async () => {
      if (child.connected) child.disconnect();
      await ended;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null): void =>
      reject(new Error(`A benchmark's process ended with ${code}.`));
    child.once('exit', gone);
    child.once('message', (message) => {
      child.removeListener('exit', gone);
      resolve(message);
    });
  });
}

/** A party's side: reads its argument, serves requests, and cleans up when the benchmark lets go. */
export async function serveParty<A>(
  start: (argument: A) => Promise<{ answer: (body: never) => Promise<unknown>; stop: () => Promise<void> }>,
): Promise<void> {
  const { answer, stop } = await start(JSON.parse(process.argv[2] ?? '{}') as A);
  process.on('message', (body) => {
    void answer(body as never).then((value) => process.send?.(value ?? null));
  });
  process.once('disconnect', () => void stop().then(() => process.exit(0)));
  process.send?.('ready');
}
