import type { JsonObject } from '@lianyun/protocol';
import { systemDisk } from '../disk/disk.ts';
import { readStateFile, writeStateFile } from '../disk/state-file.ts';
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

  read(): Promise<StoredProvision | undefined> {
    return readStateFile(systemDisk(), this.#file, { read: provisionIn, damage: 'is damaged: server_uri, port and secret are expected.' });
  }

  async write({ server, secret }: StoredProvision): Promise<void> {
    const { hostname, port } = new URL(server);
    await writeStateFile(systemDisk(), this.#file, JSON.stringify({ server_uri: hostname.replace(/^\[|\]$/g, ''), port: Number(port), secret: secret ?? null }));
  }
}

function provisionIn({ server_uri: host, port, secret }: JsonObject): StoredProvision | undefined {
  if (typeof host !== 'string' || host === '' || typeof port !== 'number' || !Number.isInteger(port)) return undefined;
  if (secret !== undefined && secret !== null && typeof secret !== 'string') return undefined;
  return { server: `${port === 8883 ? 'mqtts' : 'mqtt'}://${whereOf({ host, port })}`, ...(typeof secret === 'string' ? { secret } : {}) };
}
