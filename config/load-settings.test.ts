import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { BanyanError } from '../protocol/errors.ts';
import { explain, loadSettings, type SettingsInput } from './load-settings.ts';
import { SETTING_PATHS } from './setting-paths.ts';

const made: string[] = [];
afterAll(() => made.forEach((directory) => rmSync(directory, { recursive: true })));

/** A directory with a banyan.yaml, or an empty one. */
function directoryWith(yaml?: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'banyan-settings-'));
  made.push(directory);
  if (yaml !== undefined) writeFileSync(join(directory, 'banyan.yaml'), yaml);
  return directory;
}
const empty = directoryWith();
const load = (input: SettingsInput = {}) => loadSettings({ directory: empty, ...input });
function refusal(input: SettingsInput): BanyanError {
  try {
    load(input);
  } catch (error) {
    if (error instanceof BanyanError) return error;
    throw error;
  }
  throw new Error('the settings were accepted');
}

describe('defaults', () => {
  test('are complete, valid and frozen', () => {
    const { settings, sources } = load();
    expect(settings).toMatchObject({
      namespace: 'banyan',
      data: '.banyan',
      partitions: 64,
      mailbox: { maxBytes: 8 * 1024 ** 3 },
      turnDeadlineMs: 2000,
      once: false,
      sources: [],
    });
    expect(sources.size).toBe(0);
    expect(() => Object.assign(settings.broker, { port: 1 })).toThrow(TypeError);
  });

  test("of the pipeline are the product's numbers", () => {
    expect(load().settings.pipeline).toMatchObject({
      orchestrator: {
        intervalMs: 3_600_000,
        retryMs: 300_000,
        assignmentTimeoutMs: 600_000,
        degradedUsefulness: 0.3,
      },
      intake: { hourlyTotal: 10_000, nodeBase: 1_000, nodeMin: 100, nodeMax: 2_000 },
      coordinator: { topMax: 1_000, confidenceMax: 0.99 },
      reputation: { start: 0.5, min: 0.1, max: 0.9, goodStep: 0.01, badStep: 0.02, epochsNeeded: 3 },
      phoenix: { hourlyLimit: 100, domainMax: 5, domainWindow: 100, nodeMax: 10, nodeWindow: 50 },
      critic: { reviewBelow: 0.85 },
      curator: { qualityMin: 0.6, domainShare: 0.3 },
    });
  });
});

describe('precedence', () => {
  test('flag wins over variable, variable over file, file over default', () => {
    const directory = directoryWith('shards: 2\nturnDeadlineMs: 500\nnode:\n  name: fromfile\n');
    const { settings, sources } = loadSettings({
      directory,
      env: { BANYAN_SHARDS: '3', BANYAN_NODE_NAME: 'fromenv' },
      flags: { shards: '4', app: undefined },
    });
    expect(settings).toMatchObject({
      shards: 4,
      turnDeadlineMs: 500,
      node: { name: 'fromenv' },
      partitions: 64,
    });
    expect(Object.fromEntries(sources)).toEqual({
      shards: 'flag --shards',
      turnDeadlineMs: 'banyan.yaml:2',
      'node.name': 'BANYAN_NODE_NAME',
    });
  });

  test('our own variables win over those of NATS', () => {
    expect(load({ env: { NATS_URL: 'nats://a' } }).settings.nats.url).toBe('nats://a');
    const both = { NATS_URL: 'nats://a', BANYAN_NATS_URL: 'nats://b', NATS_CREDS: '/c' };
    expect(load({ env: both }).settings.nats).toEqual({ url: 'nats://b', creds: '/c' });
  });

  test("an empty variable is an absent one, and the tools' variables are not settings", () => {
    const env = {
      BANYAN_SHARDS: '',
      BANYAN_NATS_SERVER: '/usr/bin/nats-server',
      BANYAN_TEST_X: '1',
      PATH: '/',
    };
    expect(load({ env }).sources.size).toBe(0);
  });
});

describe('text becomes values', () => {
  test('every setting has its own variable', () => {
    expect(new Set(SETTING_PATHS.map((setting) => setting.variable)).size).toBe(SETTING_PATHS.length);
    expect(SETTING_PATHS.find(({ path }) => path === 'mailbox.maxBytes')?.variable).toBe(
      'BANYAN_MAILBOX_MAX_BYTES',
    );
  });

  test('lists, maps, switches, numbers and sizes', () => {
    const env = {
      BANYAN_SOURCES: 'a, b',
      BANYAN_NODE_LABELS: 'gpu=h200,rack=a=b',
      BANYAN_ONCE: 'true',
      BANYAN_DETERMINISM_SAMPLE: '0.5',
      BANYAN_MAILBOX_MAX_BYTES: '500 MB',
    };
    expect(load({ env }).settings).toMatchObject({
      sources: ['a', 'b'],
      node: { labels: { gpu: 'h200', rack: 'a=b' } },
      once: true,
      determinismSample: 0.5,
      mailbox: { maxBytes: 500_000_000 },
    });
    const directory = directoryWith('mailbox:\n  maxBytes: 2GiB\nsources: [x]\nhttp:\n');
    expect(loadSettings({ directory }).settings).toMatchObject({
      mailbox: { maxBytes: 2 ** 31 },
      sources: ['x'],
    });
  });
});

describe('a wrong setting', () => {
  test.each<[string, SettingsInput, string, RegExp]>([
    ['flag', { flags: { shards: 'many' } }, 'shards', /^shards is "many" \(flag --shards\): .*number/],
    [
      'variable',
      { env: { BANYAN_HTTP_PORT: '70000' } },
      'http.port',
      /http\.port is 70000 \(BANYAN_HTTP_PORT\)/,
    ],
    ['size', { env: { BANYAN_MAILBOX_MAX_BYTES: '1 XB' } }, 'mailbox.maxBytes', /"1 XB"/],
    ['label', { flags: { 'node.labels': 'gpu' } }, 'node.labels', /node\.labels is "gpu"/],
    ['choice', { env: { BANYAN_LOGS_LEVEL: 'loud' } }, 'logs.level', /"debug"/],
    [
      'rule between two',
      { env: { BANYAN_PIPELINE_INTAKE_NODE_MIN: '5000' } },
      'pipeline.intake.nodeMax',
      /nodeMax is 2000 \(default\): expected at least nodeMin/,
    ],
  ])('names path, value, what is allowed and where it came from: %s', (_, input, path, message) => {
    const error = refusal(input);
    expect(error).toMatchObject({ code: 'config.invalid', path });
    expect(error.message).toMatch(message);
  });

  test('in the file names its line', () => {
    const error = refusal({ directory: directoryWith('# ours\nhttp:\n  host: x\n  port: high\n') });
    expect(error.message).toMatch(/^http\.port is "high" \(banyan\.yaml:4\)/);
  });

  test('all wrong settings are reported at once', () => {
    const error = refusal({ flags: { shards: 0, turnDeadlineMs: 'x' } });
    expect(error.message).toMatch(/shards is 0.*turnDeadlineMs is "x"/);
  });
});

describe('an unknown setting', () => {
  test('is refused with the nearest one that exists', () => {
    expect(refusal({ env: { BANYAN_SHARD: '1' } }).message).toMatch(
      /BANYAN_SHARD; did you mean BANYAN_SHARDS\?/,
    );
    expect(refusal({ flags: { 'brocker.port': 1 } }).message).toMatch(/did you mean broker\.port\?/);
    const file = refusal({ directory: directoryWith('mailbox:\n  maxBites: 1\n') });
    expect(file.message).toBe(
      'There is no setting mailbox.maxBites (banyan.yaml:2); did you mean mailbox.maxBytes?',
    );
  });

  test('even when nothing is near', () => {
    expect(refusal({ env: { BANYAN_QQQQ: '1' } }).message).toBe(
      'There is no setting for the variable BANYAN_QQQQ',
    );
  });
});

describe('the file', () => {
  test.each<[string, string, RegExp]>([
    ['broken YAML', 'a: [1\nb: 2', /^banyan\.yaml:\d+: /],
    ['a list', '- 1', /must hold settings by name/],
    ['a value for a group', 'broker: 4222', /broker \(banyan\.yaml:1\) is a group/],
    ['a key twice', 'shards: 1\nshards: 2', /unique/],
  ])('with %s is refused', (_, yaml, message) => {
    expect(refusal({ directory: directoryWith(yaml) }).message).toMatch(message);
  });

  test('may be empty or absent, but not absent when it is named', () => {
    expect(loadSettings({ directory: directoryWith('') }).sources.size).toBe(0);
    expect(refusal({ configFile: 'other.yaml' }).message).toMatch(/cannot be read/);
    expect(refusal({ env: { BANYAN_CONFIG: 'other.yaml' } }).message).toMatch(/cannot be read/);
  });
});

describe('explain', () => {
  test('shows every setting with its value and source', () => {
    const rows = explain(load({ flags: { 'broker.port': 4222 } }));
    expect(rows.map((row) => row.path)).toEqual(SETTING_PATHS.map(({ path }) => path));
    expect(rows).toContainEqual({ path: 'broker.port', value: 4222, source: 'flag --broker-port' });
    expect(rows).toContainEqual({ path: 'partitions', value: 64, source: 'default' });
  });

  test('hides passwords', () => {
    const shown = explain(load({ env: { NATS_URL: 'nats://me:p@ss@a:1,nats://token@b:2' } }));
    expect(shown.find(({ path }) => path === 'nats.url')?.value).toBe('nats://***@a:1,nats://***@b:2');
  });
});
