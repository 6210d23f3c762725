/** `banyan spec`: the application's contracts as JSON Schemas, or as an AsyncAPI document. */
import type { Command } from 'commander';
import type { Cli, Run } from '../cli.ts';
import { loadApplication } from '../../application.ts';
import { describeSystem } from '../../spec/describe-system.ts';
import { asyncApiOf } from '../../spec/async-api.ts';
import { specDocument, valueDocument } from '../documents.ts';
import { prettyJson } from '../output.ts';

export function addSpecCommand(cli: Cli, program: Command): void {
  cli
    .verb(program, 'spec', 'print the schemas of messages, events and queries', spec)
    .option('--app <file>', 'the application; without it, the pipeline')
    .option('--namespace <name>', 'prefix of every subject')
    .option('--asyncapi', 'as an AsyncAPI 3.0 document');
}

/** The document is data for machines: it is JSON with and without `--json`. */
async function spec(run: Run): Promise<void> {
  const { app, namespace, pipeline } = run.settings;
  const described = describeSystem(await loadApplication(app, pipeline), namespace);
  if (run.flag('asyncapi')) {
    const document = asyncApiOf(described);
    run.output.data(valueDocument, document, () => prettyJson(document));
  } else {
    run.output.data(specDocument, described, () => prettyJson(described));
  }
}
