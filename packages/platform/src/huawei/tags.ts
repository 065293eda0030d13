import { LianyunError, type DeviceRef } from '@lianyun/protocol';
import type { Page, PageRequest } from '../registry-store.ts';
import type { Registry } from '../registry.ts';
import type { Records, Shape } from '../storage/records.ts';
import type { Storage } from '../storage/storage.ts';

/** A word about a device, for applications. */
export interface Tag {
  readonly key: string;
  readonly value?: string;
}

interface DeviceTag extends Tag {
  readonly device: DeviceRef;
  /** Left out: the empty text. */
  readonly value: string;
  readonly serial: number;
}

export const DEVICE_TAGS: Shape<DeviceTag> = { name: 'device_tags', key: ['device', 'key'], columns: { device: 'text', value: 'text', key: 'text' } };

/** Tags of one device at most (Huawei 14.4). */
const MAX_TAGS = 10;
const ALL = Number.MAX_SAFE_INTEGER;

/** The tags of devices (Huawei 14.4). */
export class Tags {
  readonly #all: Records<DeviceTag>;
  readonly #storage: Storage;
  readonly #registry: Registry;

  constructor({ storage, registry }: { readonly storage: Storage; readonly registry: Registry }) {
    this.#all = storage.records(DEVICE_TAGS);
    this.#storage = storage;
    this.#registry = registry;
  }

  /** Ties tags to a device; a key that it has gets the new value. Fails with `not-found`, and `bad-input` for too many; nothing is tied then. */
  bind(device: DeviceRef, tags: readonly Tag[]): void {
    this.#registry.device('huawei', device);
    const keys = new Set([...this.of(device), ...tags].map(({ key }) => key));
    if (keys.size > MAX_TAGS) throw new LianyunError('bad-input', `${device} would have ${keys.size} tags; at most ${MAX_TAGS} are allowed.`, { path: 'tags' });
    for (const { key, value = '' } of tags) {
      const { serial = this.#storage.registryStore.nextSerial() } = this.#all.get({ device, key }) ?? {};
      this.#all.put({ device, key, value, serial });
    }
  }

  /** Takes tags off a device; one that it has not is passed over. Fails with `not-found`. */
  unbind(device: DeviceRef, keys: readonly string[]): void {
    this.#registry.device('huawei', device);
    for (const key of keys) this.#all.remove({ device, key });
  }

  /** The tags of a device, in the order in which they came. */
  of(device: DeviceRef): readonly Tag[] {
    return this.#all.page({ device }, { limit: ALL }).items.map(({ key, value }) => (value === '' ? { key } : { key, value })).reverse();
  }

  /** The devices that have one of these tags, the youngest first; a tag without a value means every value. */
  devicesWith(tags: readonly Tag[], { before = Number.POSITIVE_INFINITY, offset = 0, limit }: PageRequest): Page<{ readonly device: DeviceRef; readonly serial: number }> {
    const names = new Set(tags.flatMap(({ key, value }) => this.#all.page({ key, ...(value === undefined ? {} : { value }) }, { limit: ALL }).items.map(({ device }) => device)));
    const devices = [...names].flatMap((name) => this.#registry.findDevice('huawei', name) ?? []).sort((a, b) => b.serial - a.serial);
    return { items: devices.filter(({ serial }) => serial < before).slice(offset, offset + limit), total: devices.length };
  }

  /** A device is no more. */
  forget(device: DeviceRef): void {
    for (const { key } of this.of(device)) this.#all.remove({ device, key });
  }
}
