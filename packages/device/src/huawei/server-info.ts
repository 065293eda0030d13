import { readFile } from 'node:fs/promises';
import { isJsonObject, LianyunError } from '@lianyun/protocol';
import { writeAtomically } from '../disk/atomic-file.ts';
import { diskError, errnoOf, systemDisk } from '../disk/disk.ts';
import { whereOf } from '../net/endpoint.ts';
import type { ProvisionStore, StoredProvision } from '../provision/store.ts';

/**
 * What a device was told when it was provisioned, in the file of Huawei's Python SDK (reference 6.4): `server_uri`, `port`, `secret`. Each reads what the
 * other wrote; what the cloud gave as first configuration is not kept there. Readable by its owner only, whole or not there.
 */
export class ServerInfoFile implements ProvisionStore {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  async read(): Promise<StoredProvision | undefined> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return undefined;
      throw diskError(`${this.#file} cannot be read`, cause);
    }
    const stored = parse(text);
    if (stored === undefined) throw new LianyunError('disk-failed', `${this.#file} is damaged: server_uri, port and secret are expected.`);
    return stored;
  }

  async write({ server, secret }: StoredProvision): Promise<void> {
    const { hostname, port } = new URL(server);
    try {
      await writeAtomically(systemDisk(), this.#file, JSON.stringify({ server_uri: hostname.replace(/^\[|\]$/g, ''), port: Number(port), secret: secret ?? null }));
    } catch (cause) {
      throw diskError(`${this.#file} cannot be written`, cause);
    }
  }
}

function parse(text: string): StoredProvision | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const { server_uri: host, port, secret } = value;
  if (typeof host !== 'string' || host === '' || typeof port !== 'number' || !Number.isInteger(port)) return undefined;
  if (secret !== undefined && secret !== null && typeof secret !== 'string') return undefined;
  return { server: `${port === 8883 ? 'mqtts' : 'mqtt'}://${whereOf({ host, port })}`, ...(typeof secret === 'string' ? { secret } : {}) };
}
