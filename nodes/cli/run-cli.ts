/** Runs one command line: parses it, performs it, and says with which code the process ends. */
import { Command, CommanderError } from 'commander';
import { toBanyanError } from '../../protocol/errors.ts';
import { VERSION } from '../version.ts';
import { Cli } from './cli.ts';
import { addActorCommands } from './commands/actor.ts';
import { addConfigCommands } from './commands/config.ts';
import { addDatasetCommands } from './commands/dataset.ts';
import { addDeadCommands } from './commands/dead.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addMessageCommands } from './commands/message.ts';
import { addNodeCommands } from './commands/node.ts';
import { addSpecCommand } from './commands/spec.ts';
import { addTreeCommand } from './commands/tree.ts';
import { addUpCommand } from './commands/up.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { type Io, Output } from './output.ts';

/** Resolves with the exit code; never throws. */
export async function runCli(args: readonly string[], io: Io): Promise<number> {
  const cli = new Cli(io);
  try {
    await createProgram(cli).parseAsync([...args], { from: 'user' });
    return cli.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return usageExit(thrown);
    const error = toBanyanError(thrown);
    new Output(io, { json: args.includes('--json'), quiet: false }).error(error);
    if (error.code === 'internal' && io.env['BANYAN_LOGS_LEVEL'] === 'debug')
      io.stderr.write(`${(thrown as Error).stack}\n`);
    return exitCodeOf(error.code);
  }
}

/** Commander has said what was wrong; help and version that were asked for are no failure. */
function usageExit(error: CommanderError): number {
  if (error.code === 'commander.help') return EXIT.usage;
  return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
}

export function createProgram(cli: Cli): Command {
  const program = new Command('banyan')
    .description(
      'An actor-model distributed runtime: supervised actors whose durable mailbox is a replicated log',
    )
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .showHelpAfterError('Run it with --help to see how.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => cli.io.stdout.write(text),
      writeErr: (text) => cli.io.stderr.write(text),
    });
  addUpCommand(cli, program);
  addNodeCommands(cli, program);
  addTreeCommand(cli, program);
  addActorCommands(cli, program);
  addMessageCommands(cli, program);
  addDeadCommands(cli, program);
  addDatasetCommands(cli, program);
  addDoctorCommand(cli, program);
  addConfigCommands(cli, program);
  addSpecCommand(cli, program);
  return program;
}
