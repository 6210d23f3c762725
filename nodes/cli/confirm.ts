/** Asks a person before something that cannot be undone. */
import { createInterface } from 'node:readline/promises';
import { BanyanError } from '../../protocol/errors.ts';
import type { Io } from './output.ts';

/** Throws `usage` when standard input is no terminal: a script says `--yes`. */
export async function confirm({ stdin, stderr }: Io, what: string): Promise<boolean> {
  if (!stdin.isTTY) {
    throw new BanyanError('usage', {
      message: `This would ${what}.`,
      hint: 'Add --yes to do it without being asked.',
    });
  }
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`This will ${what}. Go on? [y/N] `)).trim());
  } finally {
    lines.close();
  }
}
