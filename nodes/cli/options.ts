/** Options that several commands share, and how flags become settings. */
import { type Command, Option } from 'commander';
import { type LoadedSettings, loadSettings } from '../../config/load-settings.ts';
import { BanyanError } from '../../protocol/errors.ts';

type Values = Readonly<Record<string, unknown>>;

/** The setting that each flag sets; any other is reached with `--set`. */
const SETTING_OF_FLAG: Readonly<Record<string, string>> = {
  app: 'app',
  assessor: 'pipeline.node.assessor',
  basal: 'basal',
  brokerPort: 'broker.port',
  collector: 'pipeline.node.collectors',
  creds: 'nats.creds',
  data: 'data',
  httpHost: 'http.host',
  httpPort: 'http.port',
  label: 'node.labels',
  logLevel: 'logs.level',
  name: 'node.name',
  namespace: 'namespace',
  nats: 'nats.url',
  once: 'once',
  out: 'out',
  shards: 'shards',
  source: 'sources',
};

/** For an option that may be given several times. */
export const repeated = (value: string, before: readonly string[] | undefined): string[] => [
  ...(before ?? []),
  value,
];

/** Every command has these. */
export function addCommonOptions(command: Command): Command {
  return command
    .addOption(new Option('--json', 'print one JSON document (streaming commands: one per line)'))
    .addOption(new Option('--quiet', 'print data and errors only'))
    .addOption(new Option('--config <file>', 'settings file (default: banyan.yaml if it exists)'))
    .addOption(
      new Option('--set <path=value>', 'any setting by its path, such as logs.level=debug').argParser(
        repeated,
      ),
    );
}

/** Where the running system is found. */
export function addConnectionOptions(
  command: Command,
  withoutNats = 'the node that runs in --data',
): Command {
  return command
    .option('--nats <url>', `the broker; without it, ${withoutNats}`)
    .option('--creds <file>', 'credentials file for the broker')
    .option('--namespace <name>', 'prefix of every subject and stream')
    .option('--data <dir>', 'data directory (default: .banyan)')
    .option('--timeout <duration>', 'give up after this time, such as 10s');
}

/** What a node is started with. */
export function addNodeOptions(command: Command): Command {
  return addConnectionOptions(command, 'one of our own, for "banyan up"')
    .option('--app <file>', 'module whose default export is createSystem(…); without it, the pipeline')
    .addOption(
      new Option('--collector <file>', 'module with a collector of your own; may be repeated').argParser(
        repeated,
      ),
    )
    .option('--assessor <file>', 'module with an assessor of your own, instead of the shipped one')
    .option('--name <name>', 'name of the node')
    .addOption(new Option('--label <k=v>', 'label of the node').argParser(repeated))
    .option('--shards <n>', 'worker threads that own partitions')
    .option('--http-host <host>', 'address that HTTP listens on')
    .option('--http-port <port>', 'port of HTTP; 0 takes a free one')
    .option('--log-level <level>', 'fatal, error, warn, info, debug, trace or silent');
}

/** The settings of an invocation; throws `config.invalid` and `usage`. */
export function settingsOf(
  options: Values,
  env: Readonly<Record<string, string | undefined>>,
): LoadedSettings {
  const flags: Record<string, unknown> = {};
  const flagNames: Record<string, string> = {};
  for (const [name, path] of Object.entries(SETTING_OF_FLAG)) {
    if (options[name] === undefined) continue;
    flags[path] = name === 'label' ? labels(options[name] as string[]) : options[name];
    flagNames[path] = `--${name.replaceAll(/([A-Z])/g, '-$1').toLowerCase()}`;
  }
  for (const assignment of (options['set'] as string[] | undefined) ?? []) {
    const equals = assignment.indexOf('=');
    if (equals < 1)
      throw new BanyanError('usage', {
        message: `--set takes PATH=VALUE, not ${JSON.stringify(assignment)}.`,
      });
    const path = assignment.slice(0, equals);
    flags[path] = assignment.slice(equals + 1);
    flagNames[path] = `--set ${path}`;
  }
  return loadSettings({ flags, flagNames, env, configFile: options['config'] as string | undefined });
}

function labels(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      if (equals < 1)
        throw new BanyanError('usage', { message: `--label takes k=v, not ${JSON.stringify(pair)}.` });
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}
