import { LianyunError, type DeviceRef, type FileDirection } from '@lianyun/protocol';
import type { PutOptions, StoredObject } from '../objects/objects.ts';
import type { Origin } from '../objects/origin.ts';
import type { GrantSigner, ObjectPlace } from '../objects/signer.ts';
import type { Registry } from '../registry.ts';
import type { Page, PageRequest } from '../registry-store.ts';
import { DeviceRecords } from '../storage/device-records.ts';
import { HubResources } from './hub-resources.ts';
import { RESOURCES, type Resource } from './resource-records.ts';
import { checkName, checkVersion, type ResourceRoom } from './resource-room.ts';
import { VersionedResources } from './versioned-resources.ts';

/** How long a URL is good. */
const EXPIRES_MS = 3_600_000;
/** Resources that are kept for a device; the oldest give way. */
const KEPT = 1000;

interface ResourcesOptions extends Omit<ResourceRoom, 'records' | 'placeOf' | 'urlFor'> {
  readonly registry: Registry;
  readonly signer: GrantSigner;
  readonly origin: Origin;
}

/** How a resource is offered. */
export interface OfferOptions extends PutOptions {
  /** With a version the device is told as IoT Explorer does (reference 7.9), without one as IoT Hub does (7.8). 1 to 32 characters. */
  readonly version?: string;
  /** `FILE` when left out. */
  readonly resourceType?: 'FILE' | 'AUDIO' | 'VOICE' | 'VIDEO';
}

/** The files that Tencent's devices put into object storage, and those that they are to get from it (reference 7.8, 7.9). Each product has a bucket, each device a folder in it. */
export class Resources {
  readonly #options: ResourcesOptions;
  readonly #records: DeviceRecords<Resource>;
  readonly #hub: HubResources;
  readonly #versioned: VersionedResources;

  constructor(options: ResourcesOptions) {
    const { storage, signer, origin, clock } = options;
    this.#options = options;
    this.#records = new DeviceRecords(storage, RESOURCES, KEPT);
    const room: ResourceRoom = {
      ...options,
      records: this.#records,
      placeOf: (device, direction, name) => this.placeOf(device, direction, name),
      urlFor: (via, grant) => origin.forDevice('tencent', via) + signer.pathOf({ ...grant, expiresAt: clock.now() + EXPIRES_MS }),
    };
    this.#hub = new HubResources(room);
    this.#versioned = new VersionedResources(room);
  }

  /** The resources of a device, the latest first. */
  list(device: DeviceRef, page: PageRequest): Page<Resource> {
    return this.#records.page({ device }, page);
  }

  /** Where a resource of a device is in the object store. */
  placeOf(device: DeviceRef, direction: FileDirection, name: string): ObjectPlace {
    const { productId, nodeId } = this.#options.registry.device('tencent', device);
    // The ending keeps a name from being a segment that no URL keeps.
    return { bucket: `resources-${productId}`, key: `${nodeId}/${direction}/${encodeURIComponent(name.toWellFormed())}.bin` };
  }

  /**
   * Puts a resource where its device finds it, and offers it: now if the device is there and listens, else when it asks, or tells its versions. Resolves when it is kept. Rejects with `not-found`, `bad-input`,
   * and as {@link Objects.put} does.
   */
  async offer(device: DeviceRef, name: string, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, { version, resourceType: type = 'FILE', ...options }: OfferOptions = {}): Promise<StoredObject> {
    checkName(name);
    if (version !== undefined) checkVersion(version);
    const { objects, storage, downlink } = this.#options;
    const object = await objects.put(this.placeOf(device, 'download', name), source, options);
    const { bytes, md5 } = object;
    const known = this.#records.get({ device, direction: 'download', name });
    const resource = this.#records.begin({ device, direction: 'download', name, bytes, md5, isOpen: true, ...(version === undefined ? {} : { version, type }), ...(known?.has === undefined ? {} : { has: known.has }) });
    await storage.stored();
    const via = downlink.route('tencent', device);
    if (via === undefined) return object;
    if (version === undefined) this.#hub.offer(device, via);
    else this.#versioned.update(resource, via);
    return object;
  }

  /**
   * Has a device remove a resource with a version, now or when it tells its versions (reference 7.9); it is forgotten, and its bytes are removed, when the device says that it is gone.
   * Fails with `not-found`.
   */
  remove(device: DeviceRef, name: string): void {
    const known = this.#records.get({ device, direction: 'download', name });
    if (known === undefined || (known.version === undefined && known.has === undefined)) throw new LianyunError('not-found', `${device} has no resource ${JSON.stringify(name)} with a version.`, { device });
    const leaving: Resource = { ...known, isLeaving: true, isOpen: true };
    this.#records.change(leaving);
    const via = this.#options.downlink.route('tencent', device);
    if (via !== undefined) this.#versioned.askToRemove(leaving, via);
  }

  /** Forgets a device. */
  forget(device: DeviceRef): void {
    this.#records.forget(device);
  }
}
