import { isLianyunError, LianyunError, type Clock, type ErrorCode } from '@lianyun/protocol';
import { errnoOf, systemDisk, type Disk } from '../disk/disk.ts';
import { backoffMs } from '../session-state.ts';
import { attempt, type Ground } from './attempt.ts';
import { Digests } from './digests.ts';
import { PartJournal, type Validators } from './journal.ts';
import { AGAIN, checkAnnounced, DEFAULTS, type DownloadOptions } from './options.ts';
import { PartFile } from './part-file.ts';
import { bounded, orAborted, sleep } from './patience.ts';
import type { TransferTeller } from './progress-feed.ts';

/** After these the partial file is worth keeping: another download of the same file goes on where this one ended. */
const RESUMABLE = new Set<ErrorCode>(['network', 'timeout', 'proxy-failed', 'proxy-refused', 'aborted', 'closed', 'expired-url']);

/** The work of one download: attempts, and what is on the disk meanwhile. */
export class Fetching {
  readonly #options: DownloadOptions;
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #teller: TransferTeller;

  constructor(options: DownloadOptions, teller: TransferTeller) {
    this.#options = options;
    this.#disk = options.disk ?? systemDisk();
    this.#clock = options.clock;
    this.#teller = teller;
  }

  /** Resolves with the name of the file; rejects as `done` of the download does. */
  async run(): Promise<string> {
    const { file, part = `${file}.part`, after, signal, deadlineMs = DEFAULTS.deadlineMs } = this.#options;
    checkAnnounced(this.#options);
    const bounds = { clock: this.#clock, what: `The download of ${file}`, deadlineMs, signal };
    // Its own time begins with its turn.
    if (after !== undefined) await bounded({ ...bounds, deadlineMs: DEFAULTS.deadlineMs }, (ending) => orAborted(after.catch(() => undefined), ending));
    return bounded(bounds, async (ending) => {
      if (!(await this.#isThere(ending))) return this.#fetch(part, ending);
      // The process ended before these could be removed.
      await Promise.all([this.#disk.rm(part, { force: true }), new PartJournal(this.#disk, part, this.#options).remove()]);
      return file;
    });
  }

  /** Whether the whole file is there: a process may end between the last step of a download and its writing down. */
  async #isThere(signal: AbortSignal): Promise<boolean> {
    const { file, bytes, digest } = this.#options;
    if (digest === undefined) return false;
    const there = await this.#disk.stat(file).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw new LianyunError('disk-failed', `${file} cannot be looked at: ${String(error)}`, { cause: error });
    });
    if (there === undefined || !there.isFile() || (bytes !== undefined && there.size !== bytes)) return false;
    const whole = await PartFile.look(this.#disk, file);
    try {
      const digests = new Digests(this.#options);
      await whole.forEach((chunk) => digests.update(chunk), signal);
      digests.verify();
      this.#teller.progress({ bytes: whole.size, total: whole.size, resumed: whole.size });
      return true;
    } catch (error) {
      if (isLianyunError(error, 'wrong-digest')) return false;
      throw error;
    } finally {
      await whole.close();
    }
  }

  async #fetch(name: string, signal: AbortSignal): Promise<string> {
    const { file } = this.#options;
    const part = await PartFile.open(this.#disk, name);
    const journal = new PartJournal(this.#disk, name, this.#options);
    let keeps = false;
    try {
      await this.#fill(part, { journal, signal });
      await part.becomes(file);
      return file;
    } catch (error) {
      keeps = isLianyunError(error) && RESUMABLE.has(error.code) && part.size > 0;
      throw error;
    } finally {
      await part.close();
      if (!keeps) await Promise.all([part.remove(), journal.remove()]);
    }
  }

  /** Attempts until the file is whole and right. */
  async #fill(part: PartFile, { journal, signal }: { readonly journal: PartJournal; readonly signal: AbortSignal }): Promise<void> {
    const { maxBytes = DEFAULTS.maxBytes, stallMs = DEFAULTS.stallMs, attempts = DEFAULTS.attempts, maxBackoffMs = DEFAULTS.maxBackoffMs } = this.#options;
    let ground = await this.#resume(part, { journal, signal });
    let resumed = part.size;
    let idle = 0;
    let most = part.size;
    let isStitched = resumed > 0;
    let hasStartedOver = false;
    let renewedAt: number | undefined;
    if (this.#options.bytes !== undefined) await part.needRoom(this.#options.bytes);
    const restart = (): { readonly ground: Ground; readonly done: Promise<void> } => {
      resumed = 0;
      ground = { part, digests: new Digests(this.#options), validators: ground.validators };
      return { ground, done: part.empty() };
    };
    const keep = async (validators: Validators): Promise<void> => {
      ground = { ...ground, validators };
      await journal.write(validators);
    };
    for (;;) {
      try {
        signal.throwIfAborted();
        const isWhole = part.size > 0 && part.size === this.#options.bytes;
        const end = isWhole ? 'whole' : await attempt({ options: this.#options, clock: this.#clock, limits: { maxBytes, stallMs }, ground, signal, restart, keep, onProgress: (total) => this.#teller.progress({ bytes: part.size, total, resumed }) });
        if (end === 'more' && part.size > most) idle = 0;
        else if (end === 'more' && ++idle > attempts) throw new LianyunError('bad-response', `The server gave no new byte of ${this.#options.file} in ${attempts} attempts.`);
        most = Math.max(most, part.size);
        if (end === 'more') {
          isStitched ||= part.size > 0;
          continue;
        }
        ground.digests.verify();
        return;
      } catch (error) {
        // What was put together from several pieces may be wrong where they meet: the whole file in one piece has the last word.
        if (isLianyunError(error, 'wrong-digest') && isStitched && !hasStartedOver) {
          hasStartedOver = true;
          await restart().done;
          continue;
        }
        if (isLianyunError(error, 'expired-url') && renewedAt !== part.size) {
          renewedAt = part.size;
          if ((await this.#options.renew?.(signal)) === true) continue;
        }
        if (!isLianyunError(error) || !AGAIN.has(error.code) || signal.aborted) throw error;
        idle = part.size > most ? 1 : idle + 1;
        most = Math.max(most, part.size);
        if (idle >= attempts) throw error;
        isStitched ||= part.size > 0;
        const inMs = backoffMs(idle, this.#clock.random(), maxBackoffMs);
        this.#teller.retry({ error, inMs });
        await sleep(this.#clock, inMs, signal);
      }
    }
  }

  /** Goes on with a partial file, if it belongs to this one and something will tell a wrong one. */
  async #resume(part: PartFile, { journal, signal }: { readonly journal: PartJournal; readonly signal: AbortSignal }): Promise<Ground> {
    const { bytes, digest, signature } = this.#options;
    const digests = new Digests(this.#options);
    if (part.size === 0) return { part, digests, validators: undefined };
    const validators = await journal.read();
    if (validators === undefined || (digest === undefined && signature === undefined) || (bytes !== undefined && part.size > bytes)) {
      await part.empty();
      return { part, digests, validators: undefined };
    }
    await part.forEach((chunk) => digests.update(chunk), signal);
    this.#teller.progress({ bytes: part.size, total: bytes, resumed: part.size });
    return { part, digests, validators };
  }
}
