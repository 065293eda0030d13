import path from 'node:path';
import { isJsonObject, LianyunError, type JsonObject, type OtaOffer } from '@lianyun/protocol';
import { writeAtomically } from '../disk/atomic-file.ts';
import { diskError, errnoOf, systemDisk } from '../disk/disk.ts';
import { node } from '../node.ts';
import type { InstallRecord, InstallState } from './install-record.ts';

/** A version that failed, and is refused until another one is offered. */
export interface RefusedVersion {
  readonly kind: OtaOffer['kind'];
  readonly version: string;
  readonly why: string;
}

/** What outlives the process. */
export interface Installations {
  readonly current: InstallRecord | undefined;
  readonly refused: readonly RefusedVersion[];
}

const FORMAT = 1;
const STATES: ReadonlySet<string> = new Set<InstallState>(['downloading', 'downloaded', 'prepared', 'applied', 'confirmed', 'rolling-back', 'rolled-back']);

/** The journal of installations in a directory: one small file, readable by its owner only, without URLs and tokens. */
export class InstallJournal {
  readonly #file: string;

  constructor(directory: string) {
    this.#file = path.join(directory, 'upgrade.json');
    try {
      node.fs().mkdirSync(directory, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw diskError(`${directory} cannot be made`, cause);
    }
  }

  /** Reads it, at once: which version a program may tell depends on it. Throws `disk-failed`, also for a journal that nobody here has written. */
  read(): Installations {
    let text: string;
    try {
      text = node.fs().readFileSync(this.#file, 'utf8');
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return { current: undefined, refused: [] };
      throw diskError(`${this.#file} cannot be read`, cause);
    }
    const value = parse(text);
    if (value?.['format'] !== FORMAT) throw new LianyunError('disk-failed', `${this.#file} is no journal of upgrades that this version can read: move it away to begin anew.`);
    const { current, refused } = value;
    return { current: isRecord(current) ? current : undefined, refused: Array.isArray(refused) ? refused.filter(isRefused) : [] };
  }

  /** Writes it, so that it is on the disk when the promise resolves. Rejects with `disk-full`, `disk-failed`. */
  async write(installations: Installations): Promise<void> {
    try {
      await writeAtomically(systemDisk(), this.#file, JSON.stringify({ format: FORMAT, ...installations }));
    } catch (cause) {
      throw diskError(`${this.#file} cannot be written`, cause);
    }
  }
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isKind = (value: unknown): boolean => value === 'firmware' || value === 'software';
const isTextOrNone = (value: unknown): boolean => value === undefined || typeof value === 'string';

function isRecord(value: unknown): value is InstallRecord & JsonObject {
  if (!isJsonObject(value)) return false;
  const { kind, version, from, state, tries, file, failure } = value;
  if (!isKind(kind) || typeof version !== 'string' || typeof from !== 'string' || typeof state !== 'string' || !STATES.has(state) || !Number.isInteger(tries)) return false;
  return isTextOrNone(file) && (failure === undefined || (isJsonObject(failure) && typeof failure['reason'] === 'string' && typeof failure['text'] === 'string'));
}

function isRefused(value: unknown): value is RefusedVersion & JsonObject {
  return isJsonObject(value) && isKind(value['kind']) && typeof value['version'] === 'string' && typeof value['why'] === 'string';
}
