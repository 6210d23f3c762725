/** The `banyan` command, as the launcher starts it: runs one command and ends the process with its exit code. */
import { runCli } from './run-cli.ts';

// `banyan … | head` closes our output early: that is the reader's right, and no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});
process.stderr.on('error', () => {});

const { stdin, stdout, stderr, env } = process;
const exitCode = await runCli(process.argv.slice(2), { stdin, stdout, stderr, env });
// A pipe may still hold the end of a large document; whatever else is open must not keep the process alive.
await Promise.all([stdout, stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))));
process.exit(exitCode);
