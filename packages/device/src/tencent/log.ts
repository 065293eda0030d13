import { appendFileSync, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import type { Clock } from '@lianyun/protocol';

/** How much a log says; the vendor's spelling of a warning is kept beside the right one. */
export const LoggerLevel = { INFO: 'info', DEBUG: 'debug', WARNING: 'warring', ERROR: 'error' } as const;
export type LoggerLevel = (typeof LoggerLevel)[keyof typeof LoggerLevel] | 'warning';

const RANKS: Readonly<Record<LoggerLevel, number>> = { debug: 0, info: 1, warring: 2, warning: 2, error: 3 };
const NAMES = ['DEBUG', 'INFO', 'WARNING', 'ERROR'] as const;

/** How {@link Logger} is made. */
export interface LogOptions {
  readonly level: LoggerLevel;
  /** Where to; standard error when left out. */
  readonly file?: string | undefined;
  /** Size at which a file is closed and a new one begun; 0: never. */
  readonly maxBytes: number;
  /** Closed files that are kept, as `FILE.1`, `FILE.2`, … */
  readonly backups: number;
  readonly clock: Clock;
}

/** Writes lines to a file, or to standard error. */
export class Logger {
  readonly #options: LogOptions;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  debug(text: string): void {
    this.#write(0, text);
  }

  info(text: string): void {
    this.#write(1, text);
  }

  warning(text: string): void {
    this.#write(2, text);
  }

  error(text: string): void {
    this.#write(3, text);
  }

  #write(rank: number, text: string): void {
    const { level, file, clock } = this.#options;
    if (rank < RANKS[level]) return;
    const line = `${new Date(clock.now()).toISOString()} [${NAMES[rank] ?? ''}] ${text.replaceAll('\n', ' ')}\n`;
    if (file === undefined) return void process.stderr.write(line);
    try {
      this.#rotate(file, Buffer.byteLength(line));
      appendFileSync(file, line, { mode: 0o600 });
    } catch (cause) {
      // A log that cannot be written must not stop the device.
      process.emitWarning(`The log ${file} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }

  #rotate(file: string, more: number): void {
    const { maxBytes, backups } = this.#options;
    if (maxBytes <= 0 || !existsSync(file) || statSync(file).size + more <= maxBytes) return;
    if (backups < 1) return rmSync(file);
    for (let number = backups - 1; number > 0; number--) if (existsSync(`${file}.${number}`)) renameSync(`${file}.${number}`, `${file}.${number + 1}`);
    renameSync(file, `${file}.1`);
  }
}
