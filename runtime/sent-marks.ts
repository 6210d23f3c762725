/** The greatest number seen, by name. */
import { compareNumbers, type EffectNumber } from '../protocol/frame.ts';

export function raise(marks: Map<string, EffectNumber>, name: string, number: EffectNumber): void {
  const before = marks.get(name);
  if (before === undefined || compareNumbers(before, number) < 0) marks.set(name, number);
}
