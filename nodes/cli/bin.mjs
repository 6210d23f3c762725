#!/usr/bin/env node
/**
 * The `banyan` command. Plain JavaScript that any Node can read: an older one is told what to do, or, where the
 * project's own Node is installed, is replaced by it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED_MAJOR = 24;
/** Set for the process that takes a launcher's place: it must not outlive a launcher that was killed. */
const LIFELINE = 'BANYAN_LIFELINE';
const here = fileURLToPath(import.meta.url);

if (majorOf(process.versions.node) >= NEEDED_MAJOR) {
  if (process.env[LIFELINE]) endWithLauncher();
  await cacheCompiledCode();
  await import('./main.ts');
} else {
  const newer = findNewerNode();
  if (newer) {
    runWith(newer);
  } else {
    process.stderr.write(
      `banyan needs Node ${NEEDED_MAJOR} or newer and this is ${process.versions.node}: ` +
        `run "npm ci" in the checkout, which installs one beside it, or install Node ${NEEDED_MAJOR}\n`,
    );
    process.exitCode = 2;
  }
}

/** Types are stripped and code is compiled once, not at every start. A folder that cannot be written is no matter. */
async function cacheCompiledCode() {
  const { enableCompileCache } = await import('node:module');
  const folder = join(dirname(here), '..', '..', '.cache', 'compiled');
  enableCompileCache(folder);
  // Threads and processes take it from here: the one that comes in the place of a failed one is up in half the time.
  process.env.NODE_COMPILE_CACHE ??= folder;
}

/** The Node that npm installed with the packages, here or in a folder above. */
function findNewerNode() {
  for (let folder = dirname(here); ; folder = dirname(folder)) {
    const file = join(folder, 'node_modules', '.bin', 'node');
    if (existsSync(file)) {
      const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' });
      if (majorOf(stdout.replace(/^v/, '')) >= NEEDED_MAJOR) return file;
    }
    if (dirname(folder) === folder) return undefined;
  }
}

/** Runs this file again under another Node and ends as it ends. */
function runWith(node) {
  const child = spawn(node, [...process.execArgv, here, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [LIFELINE]: '1' },
  });
  // A terminal sends Ctrl-C to both of us; passed on as well, it would count twice.
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (!(onTerminal && signal === 'SIGINT')) child.kill(signal);
    });
  }
  child.once('error', (error) => {
    process.stderr.write(`banyan could not start ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    process.exitCode = signal ? 128 + constants.signals[signal] : (code ?? 1);
  });
}

/** The channel to the launcher closes when it dies, however it dies. */
function endWithLauncher() {
  delete process.env[LIFELINE];
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref();
}

function majorOf(version) {
  return Number.parseInt(version, 10);
}
