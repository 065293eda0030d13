import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { isJsonObject, LianyunError, type DeviceRef, type HuaweiIdentity } from '@lianyun/protocol';
import { writeAtomically } from '../disk/atomic-file.ts';
import { diskError, errnoOf, systemDisk, type Disk } from '../disk/disk.ts';

/** What a device was told when it was provisioned. */
export interface StoredProvision {
  /** Where to connect, as the `server` option of a device. */
  readonly server: string;
  /** The secret to sign in with from now on; left out: the device's own, or the one that its group's secret gives it. */
  readonly secret?: string;
  /** The device's first configuration, as the cloud gave it: JSON as a rule. */
  readonly config?: string;
}

/** Where it is kept. */
export interface ProvisionStore {
  /** Resolves with what is there, undefined for nothing. Rejects with `disk-failed` when it is damaged or not this device's. */
  read(): Promise<StoredProvision | undefined>;
  /** Rejects with `disk-full` or `disk-failed`. */
  write(provision: StoredProvision): Promise<void>;
}

const FORMAT = 1;

interface FileOptions {
  readonly file: string;
  readonly device: DeviceRef;
  readonly identity: HuaweiIdentity;
  readonly disk?: Disk;
}

/**
 * One small file that only its owner can read. It is whole or not there, whatever happens while it is written, and it is sealed with the secret that the
 * device was provisioned with: one that was changed, or belongs to another device or secret, is not taken. A device with a certificate has a check sum.
 */
export class ProvisionFile implements ProvisionStore {
  readonly #options: FileOptions;
  readonly #disk: Disk;

  constructor(options: FileOptions) {
    this.#options = options;
    this.#disk = options.disk ?? systemDisk();
  }

  async read(): Promise<StoredProvision | undefined> {
    const { file } = this.#options;
    let text: string;
    try {
      text = await this.#disk.readFile(file, 'utf8');
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return undefined;
      throw diskError(`${file} cannot be read`, cause);
    }
    const read = this.#parse(text);
    if (read === undefined) throw new LianyunError('disk-failed', `${file} is damaged, was changed, or belongs to another device or secret.`);
    return read;
  }

  async write(provision: StoredProvision): Promise<void> {
    const { file, device } = this.#options;
    const content = { format: FORMAT, device, ...provision };
    try {
      await writeAtomically(this.#disk, file, `${JSON.stringify({ ...content, seal: this.#seal(content) })}\n`);
    } catch (cause) {
      throw diskError(`${file} cannot be written`, cause);
    }
  }

  #parse(text: string): StoredProvision | undefined {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return undefined;
    }
    if (!isJsonObject(value)) return undefined;
    const { seal, ...content } = value;
    const { format, device, server, secret, config } = content;
    if (format !== FORMAT || device !== this.#options.device || typeof server !== 'string' || typeof seal !== 'string' || !isSame(seal, this.#seal(content))) return undefined;
    if (!isTextOrNone(secret) || !isTextOrNone(config)) return undefined;
    return { server, ...(secret === undefined ? {} : { secret }), ...(config === undefined ? {} : { config }) };
  }

  #seal(content: object): string {
    const { secret, groupSecret } = this.#options.identity;
    const text = JSON.stringify(Object.entries(content).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const key = secret ?? groupSecret;
    return (key === undefined ? createHash('sha256') : createHmac('sha256', key)).update(text).digest('hex');
  }
}

const isTextOrNone = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string';

function isSame(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}
