/** Where settings come from: flag > environment > file > default, each remembered for its error message. */
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { BanyanError } from '../protocol/errors.ts';
import { settingAt, settingOfVariable, SETTING_PATHS, valueOfText } from './setting-paths.ts';
import { parseSettingsFile, unknownSetting } from './settings-file.ts';
import { type Settings, settingsSchema } from './settings.ts';
import { suggest } from './suggest.ts';

/** What there is to load from. */
export interface SettingsInput {
  /** By path, as `{'broker.port': '4222'}`; text is read as the setting's type, undefined is absent. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** How the user wrote a flag, by path; by default its path with dashes. */
  readonly flagNames?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The value of `--config`: a file that must exist. */
  readonly configFile?: string | undefined;
  /** Where `banyan.yaml` is looked for, and relative names begin. */
  readonly directory?: string;
}

/** The settings, frozen, with the source of each path that is not a default. */
export interface LoadedSettings {
  readonly settings: Settings;
  readonly sources: ReadonlyMap<string, string>;
}

/** One line of `config explain`. */
export interface ExplainedSetting {
  readonly path: string;
  readonly value: unknown;
  /** `default`, `flag --broker-port`, a variable's name, or `file:line`. */
  readonly source: string;
}

const DEFAULT_FILE = 'banyan.yaml';
/** Variables that begin with BANYAN_ and are no settings. */
const TOOL_VARIABLES: ReadonlySet<string> = new Set(['BANYAN_NATS_SERVER', 'BANYAN_CONFIG', 'BANYAN_SEED']);
const TEST_VARIABLES = 'BANYAN_TEST_';
/** What the NATS tools use; our own names win over them. */
const FOREIGN_VARIABLES: Readonly<Record<string, string>> = {
  NATS_URL: 'nats.url',
  NATS_CREDS: 'nats.creds',
};

/** Loads and checks all settings; throws `config.invalid` naming path, value, what is allowed and its source. */
export function loadSettings(input: SettingsInput = {}): LoadedSettings {
  const values = new Map<string, unknown>();
  const sources = new Map<string, string>();
  const put = (path: string, value: unknown, source: string) => {
    values.set(path, value);
    sources.set(path, source);
  };

  const env = input.env ?? {};
  for (const found of fileValues(input, env)) put(found.path, found.value, found.source);
  for (const [variable, path] of Object.entries(FOREIGN_VARIABLES)) {
    const text = env[variable];
    if (text !== undefined && text !== '') put(path, text, variable);
  }
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith('BANYAN_') || text === undefined) continue;
    const setting = settingOfVariable(variable);
    if (setting !== undefined) {
      if (text !== '') put(setting.path, valueOfText(setting, text), variable);
    } else if (!TOOL_VARIABLES.has(variable) && !variable.startsWith(TEST_VARIABLES)) {
      throw unknownVariable(variable);
    }
  }
  for (const [path, value] of Object.entries(input.flags ?? {})) {
    if (value === undefined) continue;
    const setting = settingAt(path);
    const source = `flag ${input.flagNames?.[path] ?? flagOf(path)}`;
    if (setting === undefined) throw unknownSetting(path, source);
    put(path, typeof value === 'string' ? valueOfText(setting, value) : value, source);
  }

  const parsed = settingsSchema.safeParse(nested(values), { reportInput: true });
  if (!parsed.success) throw invalid(parsed.error.issues, values, sources);
  return { settings: deepFreeze(parsed.data), sources };
}

/** Every setting with its value and where it came from; passwords in URLs are hidden. */
export function explain(loaded: LoadedSettings): ExplainedSetting[] {
  return SETTING_PATHS.map(({ path }) => ({
    path,
    value: shown(path, valueAt(loaded.settings, path.split('.'))),
    source: loaded.sources.get(path) ?? 'default',
  }));
}

function fileValues(input: SettingsInput, env: NonNullable<SettingsInput['env']>) {
  const directory = input.directory ?? process.cwd();
  const named = input.configFile ?? (env['BANYAN_CONFIG'] || undefined);
  const file = named ?? DEFAULT_FILE;
  let text: string;
  try {
    text = readFileSync(isAbsolute(file) ? file : join(directory, file), 'utf8');
  } catch (cause) {
    if (named === undefined && (cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BanyanError('config.invalid', {
      message: `The configuration file cannot be read: ${reason}`,
      cause,
    });
  }
  return parseSettingsFile(text, file);
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly input?: unknown;
}

function invalid(
  issues: readonly Issue[],
  values: ReadonlyMap<string, unknown>,
  sources: ReadonlyMap<string, string>,
) {
  const problems = issues.map((issue) => {
    // A list's element or a label is part of the setting that holds it.
    const keys = issue.path.map(String);
    let path = keys.join('.');
    for (let length = keys.length; length > 0; length--) {
      const candidate = keys.slice(0, length).join('.');
      if (settingAt(candidate) !== undefined) path = candidate;
    }
    // A rule between settings can fail on one that has its default: the rule's input is their group.
    const value = values.has(path) ? values.get(path) : valueAt(issue.input, keys.slice(-1));
    return {
      path,
      text: `${path} is ${JSON.stringify(shown(path, value))} (${sources.get(path) ?? 'default'}): ${issue.message}`,
    };
  });
  return new BanyanError('config.invalid', {
    ...(problems[0] === undefined ? {} : { path: problems[0].path }),
    message: `${problems.map((problem) => problem.text).join('; ')}.`,
  });
}

function unknownVariable(variable: string): BanyanError {
  const near = suggest(variable, [...SETTING_PATHS.map((setting) => setting.variable), ...TOOL_VARIABLES]);
  const question = near === undefined ? '' : `; did you mean ${near}?`;
  return new BanyanError('config.invalid', {
    message: `There is no setting for the variable ${variable}${question}`,
  });
}

/** `broker.port` → `--broker-port`. */
function flagOf(path: string): string {
  return `--${path
    .replaceAll('.', '-')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()}`;
}

function nested(values: ReadonlyMap<string, unknown>): object {
  const root: Record<string, unknown> = {};
  for (const [path, value] of values) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let group = root;
    for (const key of keys) group = (group[key] ??= {}) as Record<string, unknown>;
    group[last] = value;
  }
  return root;
}

function valueAt(root: unknown, keys: readonly string[]): unknown {
  let value = root;
  for (const key of keys) value = (value as Record<string, unknown> | null | undefined)?.[key];
  return value;
}

function shown(path: string, value: unknown): unknown {
  if (path !== 'nats.url' || typeof value !== 'string') return value;
  return value.replaceAll(/(^|,|:\/\/)[^/,]*@/g, '$1***@');
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
