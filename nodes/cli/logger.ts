/** The log of a running node: to standard error, readable on a terminal, JSON elsewhere. */
import { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Settings } from '../../config/settings.ts';
import type { Io } from './output.ts';
import type { ProgressLine } from './progress-line.ts';

export interface LoggerOptions {
  readonly io: Io;
  readonly logs: Settings['logs'];
  readonly quiet: boolean;
  /** Shares the terminal with the log: each line goes above it. */
  readonly progress: ProgressLine;
}

export function createLogger({ io, logs, quiet, progress }: LoggerOptions): Logger {
  const destination = new Writable({
    write(chunk, _encoding, done) {
      progress.clear();
      io.stderr.write(chunk as Uint8Array);
      progress.draw();
      done();
    },
  });
  const level = quiet && logs.level === 'info' ? 'error' : logs.level;
  const readable = logs.pretty ?? io.stderr.isTTY;
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!readable) return pino(options, destination);
  const colorize = io.stderr.isTTY && (io.env['NO_COLOR'] ?? '') === '';
  return pino(
    options,
    pretty({ destination, colorize, sync: true, singleLine: true, translateTime: 'SYS:HH:MM:ss' }),
  );
}
