/** Reads the YAML file of settings, and remembers on which line each value stands. */
import { isMap, LineCounter, type Node, parseDocument } from 'yaml';
import { BanyanError } from '../protocol/errors.ts';
import { settingAt, SETTING_PATHS, valueOfText } from './setting-paths.ts';
import { suggest } from './suggest.ts';

/** One value of the file. */
export interface FileValue {
  readonly path: string;
  readonly value: unknown;
  /** `banyan.yaml:12`. */
  readonly source: string;
}

/** The settings that the text holds; throws `config.invalid` for bad YAML and for keys that do not exist. */
export function parseSettingsFile(text: string, file: string): FileValue[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const where = (offset: number | undefined) => `${file}:${lines.linePos(offset ?? 0).line}`;
  const [error] = document.errors;
  if (error !== undefined) {
    throw new BanyanError('config.invalid', {
      message: `${where(error.pos[0])}: ${error.message.split('\n')[0]}`,
    });
  }
  const root: unknown = document.contents;
  if (root === null || document.toJS() === null) return [];
  if (!isMap(root))
    throw new BanyanError('config.invalid', { message: `${file}: the file must hold settings by name.` });

  const values: FileValue[] = [];
  const visit = (map: unknown, prefix: readonly string[]): void => {
    if (!isMap(map)) return;
    for (const { key, value } of map.items) {
      const path = [...prefix, String((key as { value?: unknown }).value)];
      const dotted = path.join('.');
      const source = where((key as Node).range?.[0]);
      const setting = settingAt(dotted);
      if (setting !== undefined) {
        const read: unknown = (value as Node | null)?.toJS(document) ?? undefined;
        const typed =
          setting.type === 'number' && typeof read === 'string' ? valueOfText(setting, read) : read;
        if (typed !== undefined) values.push({ path: dotted, value: typed, source });
      } else if (SETTING_PATHS.some((known) => known.path.startsWith(`${dotted}.`))) {
        if (value !== null && !isMap(value) && (value as Node).toJS(document) !== null) {
          throw new BanyanError('config.invalid', {
            path: dotted,
            message: `${dotted} (${source}) is a group of settings, not a value.`,
          });
        }
        visit(value, path);
      } else {
        throw unknownSetting(dotted, source);
      }
    }
  };
  visit(root, []);
  return values;
}

/** The error for a setting that does not exist, with the nearest one that does. */
export function unknownSetting(path: string, source: string): BanyanError {
  const groups = new Set(SETTING_PATHS.map((setting) => setting.path.split('.')[0] ?? ''));
  const near = suggest(path, [...SETTING_PATHS.map((setting) => setting.path), ...groups]);
  return new BanyanError('config.invalid', {
    path,
    message: `There is no setting ${path} (${source})${near === undefined ? '' : `; did you mean ${near}?`}`,
  });
}
