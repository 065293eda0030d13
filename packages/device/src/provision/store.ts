import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { DeviceRef, HuaweiIdentity, JsonObject } from '@lianyun/protocol';
import { systemDisk, type Disk } from '../disk/disk.ts';
import { readStateFile, writeStateFile } from '../disk/state-file.ts';

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

  read(): Promise<StoredProvision | undefined> {
    return readStateFile(this.#disk, this.#options.file, { read: (content) => this.#provisionIn(content), damage: 'is damaged, was changed, or belongs to another device or secret.' });
  }

  write(provision: StoredProvision): Promise<void> {
    const { file, device } = this.#options;
    const content = { format: FORMAT, device, ...provision };
    return writeStateFile(this.#disk, file, `${JSON.stringify({ ...content, seal: this.#seal(content) })}\n`);
  }

  #provisionIn({ seal, ...content }: JsonObject): StoredProvision | undefined {
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
