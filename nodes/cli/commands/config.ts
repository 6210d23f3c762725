/** `banyan config explain`: every setting, its value, and where the value comes from. */
import type { Command } from 'commander';
import { explain } from '../../../config/load-settings.ts';
import { SETTING_PATHS } from '../../../config/setting-paths.ts';
import { suggest } from '../../../config/suggest.ts';
import { BanyanError } from '../../../protocol/errors.ts';
import type { Cli, Run } from '../cli.ts';
import { configDocument } from '../documents.ts';
import { addNodeOptions } from '../options.ts';
import { formatTable } from '../table.ts';

export function addConfigCommands(cli: Cli, program: Command): void {
  const config = cli.noun(program, 'config', 'settings');
  addNodeOptions(
    cli.verb(config, 'explain [path]', 'show settings and where each value comes from', explainSettings),
  )
    .option('--out <dir>', 'folder that datasets are exported to')
    .option('--broker-port <port>', 'port of the embedded broker')
    .option('--changed', 'only settings that are not defaults');
}

async function explainSettings(run: Run): Promise<void> {
  const [path] = run.words;
  const variables = new Map(SETTING_PATHS.map((setting) => [setting.path, setting.variable]));
  const settings = explain(run.loaded)
    .filter((setting) => path === undefined || setting.path === path || setting.path.startsWith(`${path}.`))
    .filter(({ source }) => !run.flag('changed') || source !== 'default')
    .map(({ path: name, value, source }) => ({
      path: name,
      value: value ?? null,
      source,
      variable: variables.get(name) ?? '',
    }));
  if (settings.length === 0 && path !== undefined && !run.flag('changed')) {
    const near = suggest(path, variables.keys());
    throw new BanyanError('config.invalid', {
      message: `There is no setting ${path}${near === undefined ? '' : `; did you mean ${near}?`}`,
    });
  }
  run.output.data(configDocument, { settings }, () =>
    formatTable(
      ['SETTING', 'VALUE', 'SOURCE', 'VARIABLE'],
      settings.map((setting) => [setting.path, setting.value, setting.source, setting.variable]),
    ),
  );
}
