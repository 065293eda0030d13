import path from 'node:path';
import { isJsonObject, LianyunError, parseExact, stringifyExact, type ChildInfo, type DeviceRef, type JsonObject, type JsonValue } from '@lianyun/protocol';
import { writeAtomically } from '../disk/atomic-file.ts';
import { diskError, errnoOf, systemDisk, type Disk } from '../disk/disk.ts';
import { node } from '../node.ts';
import type { KnownChild, TopologyStore } from './gateway-topology.ts';

const FORMAT = 1;
/** Lines beyond two for each sub-device, above which the file is written anew. */
const SPARE_LINES = 1000;

export interface FileTopologyOptions {
  readonly file: string;
  /** Whose list it is: that of another gateway is not taken up. */
  readonly gateway: DeviceRef;
  /** Told of a file of which only the beginning can be read. */
  readonly problem: (problem: LianyunError) => void;
  readonly disk?: Disk;
}

/**
 * Sub-devices in a file that only its owner can read: a line for the gateway, then one for each change, so that a change costs as much
 * with ten thousand sub-devices as with one. Its end may be missing after a power cut: then it is what it was a moment before.
 */
export class FileTopology implements TopologyStore {
  readonly #file: string;
  readonly #gateway: DeviceRef;
  readonly #problem: (problem: LianyunError) => void;
  readonly #disk: Disk;
  readonly #children = new Map<DeviceRef, KnownChild>();
  #version = 0;
  /** Changes that are not in the file yet. */
  #fresh: string[] = [];
  /** Lines in the file. */
  #lines = 0;
  /** Nothing can be put behind what is in the file. */
  #isUnfit = false;
  #writing: Promise<void> | undefined;

  /** Reads the file, and makes the directories above it. Throws `bad-config` for another gateway's list, `disk-failed` for what is none. */
  constructor({ file, gateway, problem, disk = systemDisk() }: FileTopologyOptions) {
    this.#file = file;
    this.#gateway = gateway;
    this.#problem = problem;
    this.#disk = disk;
    try {
      node.fs().mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      this.#read(node.fs().readFileSync(file, 'utf8'));
    } catch (cause) {
      if (cause instanceof LianyunError) throw cause;
      if (errnoOf(cause) !== 'ENOENT') throw diskError(`${file}, the list of sub-devices, cannot be read`, cause);
      this.#isUnfit = true;
    }
  }

  get version(): number {
    return this.#version;
  }

  set version(version: number) {
    if (version === this.#version) return;
    this.#version = version;
    this.#note({ version });
  }

  get(device: DeviceRef): KnownChild | undefined {
    return this.#children.get(device);
  }

  put(child: KnownChild): void {
    const { info, wantsOnline } = child;
    const known = this.#children.get(info.device);
    // Every reconnect says again who is online.
    if (known !== undefined && known.wantsOnline === wantsOnline && node.util().isDeepStrictEqual(known.info, info)) return;
    this.#children.set(info.device, child);
    this.#note({ info: { ...info }, wantsOnline });
  }

  delete(device: DeviceRef): void {
    if (this.#children.delete(device)) this.#note({ gone: device });
  }

  all(): Iterable<KnownChild> {
    return this.#children.values();
  }

  /** Resolves when every change is on the disk. Rejects with `disk-full`, `disk-failed`; the next change writes what could not be written. */
  stored(): Promise<void> {
    return this.#writing ?? Promise.resolve();
  }

  #read(text: string): void {
    const [head = '', ...lines] = text.split('\n');
    const header = parsed(head);
    if (header?.['format'] !== FORMAT) throw new LianyunError('disk-failed', `${this.#file} is no list of sub-devices that this version can read: move it away to begin anew.`);
    const { gateway } = header;
    if (gateway !== this.#gateway) throw new LianyunError('bad-config', `${this.#file} is the list of sub-devices of ${JSON.stringify(gateway)}, not of ${this.#gateway}: name another file.`, { device: this.#gateway });
    // Every line that was written to its end has one behind it, if an empty one.
    const bad = lines.slice(0, -1).findIndex((line) => !this.#take(parsed(line)));
    const end = bad === -1 ? lines.length - 1 : bad;
    this.#lines = end + 1;
    this.#isUnfit = bad !== -1 || lines.at(-1) !== '';
    // No more than a write that a power cut ended, unless something can be read behind it.
    const isDamaged = lines.slice(end + 1).some((line) => parsed(line) !== undefined);
    if (isDamaged) this.#problem(new LianyunError('disk-failed', `${this.#file}, the list of sub-devices, cannot be read from line ${end + 2} on: what stood there is forgotten, and asked of the cloud where that knows it.`, { device: this.#gateway }));
  }

  /** Takes up a line of the file; false for one that is none. */
  #take(line: JsonObject | undefined): boolean {
    const { info, wantsOnline, gone, version } = line ?? {};
    if (isChildInfo(info) && typeof wantsOnline === 'boolean') this.#children.set(info.device, { info, wantsOnline });
    else if (typeof gone === 'string') this.#children.delete(gone);
    else if (typeof version === 'number') this.#version = version;
    else return false;
    return true;
  }

  #note(change: JsonValue): void {
    this.#fresh.push(stringifyExact(change));
    if (this.#writing !== undefined) return;
    this.#writing = this.#write();
    // Told to whoever asks for it.
    this.#writing.catch(() => undefined);
  }

  async #write(): Promise<void> {
    try {
      // The other changes of the moment come along.
      await Promise.resolve();
      while (this.#fresh.length > 0) await this.#append(this.#fresh.splice(0));
    } catch (cause) {
      this.#isUnfit = true;
      this.#fresh = [];
      throw diskError(`The list of sub-devices cannot be kept in ${this.#file}`, cause);
    } finally {
      this.#writing = undefined;
    }
  }

  async #append(fresh: readonly string[]): Promise<void> {
    if (this.#isUnfit || this.#lines + fresh.length > 2 * this.#children.size + SPARE_LINES) {
      const all = [{ format: FORMAT, gateway: this.#gateway }, { version: this.#version }, ...[...this.#children.values()].map(({ info, wantsOnline }) => ({ info: { ...info }, wantsOnline }))].map((line) => stringifyExact(line));
      await writeAtomically(this.#disk, this.#file, textOf(all));
      this.#lines = all.length;
      this.#isUnfit = false;
      return;
    }
    // Not made anew where somebody took it away: a list without its beginning is none.
    const handle = await this.#disk.open(this.#file, node.fs().constants.O_WRONLY | node.fs().constants.O_APPEND);
    try {
      await handle.appendFile(textOf(fresh));
      await handle.datasync();
    } finally {
      await handle.close();
    }
    this.#lines += fresh.length;
  }
}

const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

function parsed(line: string): JsonObject | undefined {
  try {
    const value = parseExact(line);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isChildInfo(value: unknown): value is ChildInfo & JsonObject {
  return isJsonObject(value) && typeof value['device'] === 'string';
}
