/** One line of a basal set: Alpaca's fields, checked and masked as everything that is published. */
import { z } from 'zod';
import { findInjections, findSecrets, maskPersonalData } from '../safety/index.ts';
import { exampleId } from './example.ts';

const alpaca = z.object({
  instruction: z.string().min(1).max(10_000),
  input: z.string().max(100_000).default(''),
  output: z.string().min(1).max(100_000),
});

export interface BasalLine {
  /** Of the masked input and output; without an input the instruction stands for it. */
  readonly id: string;
  /** In the file, counted from 1. */
  readonly line: number;
  readonly instruction: string;
  readonly input: string;
  readonly output: string;
  readonly masked: number;
}

/** The line, or why it is refused, in words. */
export function readBasalLine(text: string, line: number): BasalLine | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'is not valid JSON';
  }
  const parsed = alpaca.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `${issue?.path.join('.') || 'the line'}: ${issue?.message}`;
  }
  const unsafe = [
    ...findSecrets(Object.values(parsed.data).join('\n')),
    ...findInjections(Object.values(parsed.data).join('\n')),
  ][0];
  if (unsafe !== undefined) return `is not safe: ${unsafe.name}`;
  const instruction = maskPersonalData(parsed.data.instruction);
  const input = maskPersonalData(parsed.data.input, instruction.names);
  const output = maskPersonalData(parsed.data.output, new Set([...instruction.names, ...input.names]));
  return {
    id: exampleId(input.text === '' ? instruction.text : input.text, output.text),
    line,
    instruction: instruction.text,
    input: input.text,
    output: output.text,
    masked: instruction.masked + input.masked + output.masked,
  };
}
