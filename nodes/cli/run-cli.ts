/** Runs one command line: parses it, performs it, and says with which code the process ends. */
import { Command, CommanderError } from 'commander';
import { BanyanError, toBanyanError } from '../../protocol/errors.ts';
import { VERSION } from '../version.ts';
import { Cli } from './cli.ts';
import { addActorCommands } from './commands/actor.ts';
import { addConfigCommands } from './commands/config.ts';
import { addDatasetCommands } from './commands/dataset.ts';
import { addDeadCommands } from './commands/dead.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addMessageCommands } from './commands/message.ts';
import { addNodeCommands } from './commands/node.ts';
import { addPartitionCommands } from './commands/partition.ts';
import { addReviewCommands } from './commands/review.ts';
import { addSpecCommand } from './commands/spec.ts';
import { addTreeCommand } from './commands/tree.ts';
import { addUpCommand } from './commands/up.ts';
import { addValidateCommand } from './commands/validate.ts';
import { addWorkerCommands } from './commands/worker.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { type Io, Output } from './output.ts';

const EPILOGUE = `
Settings come from flags, BANYAN_… variables, banyan.yaml and defaults, in this order: "banyan config explain".
Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 not found, 4 broker unreachable, 5 refused by validation, 6 findings,
7 not authorised, 8 timed out, 130 forced stop.`;

/** Resolves with the exit code; never throws. */
export async function runCli(args: readonly string[], io: Io): Promise<number> {
  const cli = new Cli(io);
  try {
    await createProgram(cli).parseAsync([...args], { from: 'user' });
    return cli.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && !isWrongUsage(thrown)) return usageExit(thrown);
    const error = thrown instanceof CommanderError ? wrongUsage(thrown) : toBanyanError(thrown);
    new Output(io, { json: args.includes('--json'), quiet: false }).error(error);
    if (error.code === 'internal' && io.env['BANYAN_LOGS_LEVEL'] === 'debug')
      io.stderr.write(`${(thrown as Error).stack}\n`);
    return exitCodeOf(error.code);
  }
}

/** Help and version are thrown too: those that were asked for, and the help of a group without a command. */
function isWrongUsage({ code, exitCode }: CommanderError): boolean {
  return exitCode !== 0 && code !== 'commander.help';
}

function usageExit({ exitCode }: CommanderError): number {
  return exitCode === 0 ? EXIT.ok : EXIT.usage;
}

function wrongUsage({ message }: CommanderError): BanyanError {
  const [wrong = '', guess] = message.replace(/^error: /, '').split('\n');
  const text = `${wrong.charAt(0).toUpperCase()}${wrong.slice(1)}`;
  return new BanyanError('usage', { message: guess === undefined ? text : `${text} ${guess}` });
}

export function createProgram(cli: Cli): Command {
  const program = new Command('banyan')
    .description(
      'An actor-model distributed runtime: supervised actors whose durable mailbox is a replicated log',
    )
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => cli.io.stdout.write(text),
      writeErr: (text) => cli.io.stderr.write(text),
      // Thrown as well, and printed as every other error is.
      outputError: () => {},
    })
    .addHelpText('after', EPILOGUE);
  addUpCommand(cli, program);
  addNodeCommands(cli, program);
  addPartitionCommands(cli, program);
  addTreeCommand(cli, program);
  addActorCommands(cli, program);
  addWorkerCommands(cli, program);
  addMessageCommands(cli, program);
  addDeadCommands(cli, program);
  addReviewCommands(cli, program);
  addDatasetCommands(cli, program);
  addValidateCommand(cli, program);
  addDoctorCommand(cli, program);
  addConfigCommands(cli, program);
  addSpecCommand(cli, program);
  return program;
}
