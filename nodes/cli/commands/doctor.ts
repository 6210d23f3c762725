/** `banyan doctor`: checks the machine, the broker and the cluster, and says what to do. Changes nothing. */
import type { Command } from 'commander';
import type { Cli, Run } from '../cli.ts';
import { type Check, failed, skipped } from '../doctor/check.ts';
import { clusterChecks } from '../doctor/cluster-checks.ts';
import { machineChecks } from '../doctor/machine-checks.ts';
import { doctorDocument } from '../documents.ts';
import { EXIT } from '../exit-code.ts';
import { addConnectionOptions } from '../options.ts';
import { visible } from '../table.ts';

export function addDoctorCommand(cli: Cli, program: Command): void {
  addConnectionOptions(
    cli.verb(program, 'doctor', 'check machine, broker and cluster, and say what to do', doctor),
  );
}

const MARK = {
  ok: ['green', '✓'],
  warning: ['yellow', '!'],
  failed: ['red', '✗'],
  skipped: ['gray', '-'],
} as const;

async function doctor(run: Run): Promise<number> {
  const checks = [...(await machineChecks(run)), ...(await connected(run))];
  const healthy = checks.every(({ status }) => status !== 'failed');
  run.output.data(doctorDocument, { ok: healthy, checks }, () =>
    checks
      .map(({ name, status, detail, fix, ways = [] }) => {
        const [colour, mark] = MARK[status];
        const line = `${run.output.style(colour, mark)} ${name.padEnd(14)} ${visible(detail)}`;
        const either = ways.map((way, index) => `${index === 0 ? 'Either' : 'Or'}: ${way}`);
        const advice = [...(fix === undefined ? [] : [fix]), ...either].map(visible);
        return [line, ...advice.map((text) => `  ${' '.repeat(14)} → ${text}`)].join('\n');
      })
      .join('\n'),
  );
  return healthy ? EXIT.ok : EXIT.findings;
}

async function connected(run: Run): Promise<Check[]> {
  if (run.settings.nats.url === undefined && run.runFile() === undefined) {
    return [skipped('broker', `no node runs in ${run.settings.data}`)];
  }
  try {
    return await run.withClient(clusterChecks);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [failed('broker', message, 'Check --nats, the credentials, and that the broker runs.')];
  }
}
