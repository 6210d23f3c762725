/** Asking a pipeline of which parts may not be there. */
import { BanyanError } from '../../protocol/errors.ts';

/** Asks an actor; rejects when nobody answers. */
export type Ask = (address: string, query: string, input?: object) => Promise<unknown>;

export type Row = Readonly<Record<string, unknown>>;

export type TolerantAsk = <Answer>(
  address: string,
  query: string,
  input: object,
  absent: Answer,
) => Promise<Answer>;

/** An actor that nobody has sent anything does not exist, and an older release may not know a query. */
const ABSENT: ReadonlySet<string> = new Set(['actor.not_found', 'actor.unknown_kind', 'actor.unknown_query']);

/** Answers `absent` where there is nothing to ask; every other failure is one of the report. */
export function tolerant(ask: Ask): TolerantAsk {
  return async <Answer>(address: string, query: string, input: object, absent: Answer) => {
    try {
      return (await ask(address, query, input)) as Answer;
    } catch (error) {
      if (error instanceof BanyanError && ABSENT.has(error.code)) return absent;
      throw error;
    }
  };
}

export const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
