/** The settings as a list: each leaf of the schema with its path, its variable and how text becomes a value. */
import { z } from 'zod';
import { settingsSchema } from './settings.ts';

/** One setting. */
export interface SettingPath {
  /** Such as `mailbox.maxBytes`. */
  readonly path: string;
  /** Such as `BANYAN_MAILBOX_MAX_BYTES`. */
  readonly variable: string;
  /** What a flag's or variable's text is read as. */
  readonly type: 'text' | 'number' | 'switch' | 'list' | 'map';
}

/** Every setting, in the schema's order. */
export const SETTING_PATHS: readonly SettingPath[] = [...leavesOf(settingsSchema, [])];

const byPath = new Map(SETTING_PATHS.map((setting) => [setting.path, setting]));
const byVariable = new Map(SETTING_PATHS.map((setting) => [setting.variable, setting]));
if (byVariable.size !== SETTING_PATHS.length)
  throw new Error('two settings have the same environment variable');

export const settingAt = (path: string): SettingPath | undefined => byPath.get(path);
export const settingOfVariable = (variable: string): SettingPath | undefined => byVariable.get(variable);

/**
 * Reads text from a flag or variable as the setting's type: lists are separated by commas, maps are
 * `k=v,k=v`, sizes may carry a unit. Text that does not fit comes back as it is, for the schema to refuse.
 */
export function valueOfText(setting: SettingPath, text: string): unknown {
  const pieces = () =>
    text
      .split(',')
      .map((piece) => piece.trim())
      .filter((piece) => piece !== '');
  switch (setting.type) {
    case 'text':
      return text;
    case 'number':
      return numberOf(setting.path, text);
    case 'switch':
      return SWITCH[text.trim().toLowerCase()] ?? text;
    case 'list':
      return pieces();
    case 'map': {
      const pairs = pieces().map((piece) => piece.split('='));
      if (pairs.some((pair) => pair.length < 2)) return text;
      return Object.fromEntries(pairs.map(([key = '', ...value]) => [key.trim(), value.join('=').trim()]));
    }
    default:
      return setting.type satisfies never;
  }
}

const SWITCH: Readonly<Record<string, boolean>> = {
  true: true,
  1: true,
  yes: true,
  false: false,
  0: false,
  no: false,
};

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

function numberOf(path: string, text: string): unknown {
  const trimmed = text.trim();
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(trimmed)) return Number(trimmed);
  const sized = /^(\d+(?:\.\d+)?)\s*([kmgt]?i?b)$/i.exec(trimmed);
  const unit = UNITS[sized?.[2]?.toLowerCase() ?? ''];
  return path.endsWith('Bytes') && unit !== undefined ? Math.round(Number(sized?.[1]) * unit) : text;
}

function* leavesOf(schema: z.core.$ZodType, path: readonly string[]): Generator<SettingPath> {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) {
    for (const [key, child] of Object.entries(inner.shape))
      yield* leavesOf(child as z.core.$ZodType, [...path, key]);
    return;
  }
  const dotted = path.join('.');
  yield { path: dotted, variable: `BANYAN_${path.map(screaming).join('_')}`, type: typeOf(inner, dotted) };
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.def.innerType);
  }
  return schema;
}

function typeOf(schema: z.core.$ZodType, path: string): SettingPath['type'] {
  if (schema instanceof z.ZodString || schema instanceof z.ZodEnum) return 'text';
  if (schema instanceof z.ZodNumber) return 'number';
  if (schema instanceof z.ZodBoolean) return 'switch';
  if (schema instanceof z.ZodArray) return 'list';
  if (schema instanceof z.ZodRecord) return 'map';
  throw new Error(`the setting ${path} has a type that cannot be read from text`);
}

/** `maxBytes` → `MAX_BYTES`. */
function screaming(key: string): string {
  return key.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}
