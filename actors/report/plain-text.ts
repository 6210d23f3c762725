/** Text from outside, made fit to be shown: one line, of bounded length, without characters that reorder it. */

const MAX_CHARACTERS = 300;

/** Control characters, and those that change the direction of what follows: a name must not rewrite its line. */
// oxlint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** At most `maxCharacters`; what is cut ends with `…`. What cannot be seen becomes `�`. */
export function plainText(value: string, maxCharacters = MAX_CHARACTERS): string {
  // What follows the cut cannot matter, and a text may be long.
  const start = value.slice(0, maxCharacters * 2).toWellFormed();
  const line = start.replace(/\s+/gu, ' ').trim().replace(UNSEEN, '\ufffd');
  const characters = Array.from(line);
  if (characters.length <= maxCharacters && value.length <= maxCharacters * 2) return line;
  return `${characters.slice(0, maxCharacters - 1).join('')}…`;
}

/** Cut to what fits beside a bar: letters of East Asian scripts and pictures are twice as wide. */
export function shortened(value: string, columns: number): string {
  let width = 0;
  let kept = '';
  for (const character of plainText(value)) {
    width += (character.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1;
    if (width > columns) return `${kept.replace(/[\s,;:]+$/u, '')}…`;
    kept += character;
  }
  return kept;
}
