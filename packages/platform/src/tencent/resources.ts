import { LianyunError, type Clock, type DeviceRef, type FileDirection, type Peer, type ResourceOffer, type ResourceProgress } from '@lianyun/protocol';
import type { Downlink } from '../downlink.ts';
import type { Objects, PutOptions, StoredObject } from '../objects/objects.ts';
import type { Origin } from '../objects/origin.ts';
import type { GrantSigner, ObjectPlace } from '../objects/signer.ts';
import type { Registry } from '../registry.ts';
import type { Page, PageRequest } from '../registry-store.ts';
import type { Records, Shape } from '../storage/records.ts';
import type { Storage } from '../storage/storage.ts';

/** A resource of a device, in one direction: the latest of its name. */
export interface Resource {
  readonly device: DeviceRef;
  readonly direction: FileDirection;
  readonly name: string;
  /** What the device announced, or what it is to get. Hex digits. */
  readonly bytes: number;
  readonly md5: string;
  /** What the device told last. */
  readonly told?: Omit<ResourceProgress, 'direction' | 'name'> & { readonly at: number };
  /** The device has not told that it is done, or failed. */
  readonly isOpen: boolean;
  readonly serial: number;
}

export const RESOURCES: Shape<Resource> = { name: 'resources', key: ['device', 'direction', 'name'], columns: { name: 'text', device: 'text', direction: 'text', isOpen: 'flag' } };

/** How long a URL is good. */
const EXPIRES_MS = 3_600_000;
const MAX_NAME_BYTES = 255;
/** Resources that are kept for a device; the oldest give way. */
const KEPT = 1000;

interface ResourcesOptions {
  readonly peer: Pick<Peer, 'handle' | 'send'>;
  readonly storage: Storage;
  readonly registry: Registry;
  readonly objects: Objects;
  readonly signer: GrantSigner;
  readonly origin: Origin;
  readonly downlink: Pick<Downlink, 'route'>;
  readonly clock: Clock;
  onResource(resource: Resource): void;
}

/** The files that Tencent's devices put into object storage, and those that they are to get from it (reference 7.8). Each product has a bucket, each device a folder in it. */
export class Resources {
  readonly #options: ResourcesOptions;
  readonly #records: Records<Resource>;

  constructor(options: ResourcesOptions) {
    this.#options = options;
    this.#records = options.storage.records(RESOURCES);
    this.#take();
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
   * Puts a resource where its device finds it, and offers it: now if the device is there and listens, else when it asks. Resolves when it is kept. Rejects with `not-found`, `bad-input`, and as
   * {@link Objects.put} does.
   */
  async offer(device: DeviceRef, name: string, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options?: PutOptions): Promise<StoredObject> {
    checkName(name);
    const object = await this.#options.objects.put(this.placeOf(device, 'download', name), source, options);
    this.#keep({ device, direction: 'download', name, bytes: object.bytes, md5: object.md5, isOpen: true });
    await this.#options.storage.stored();
    const { peer, downlink } = this.#options;
    const via = downlink.route('tencent', device);
    const offered = via === undefined ? undefined : this.#open(device, via);
    // Who does not listen asks for it.
    if (via !== undefined && offered !== undefined) peer.send('resource.offer', { device, via, body: offered }).delivered.catch(() => undefined);
    return object;
  }

  /** Forgets a device. */
  forget(device: DeviceRef): void {
    for (const resource of this.#records.page({ device }, { limit: 2 * KEPT }).items) this.#records.remove(resource);
  }

  #take(): void {
    const { peer, objects, signer, origin, clock, storage, onResource } = this.#options;

    peer.handle('resource.upload', async ({ device, via, body }) => {
      const { name, bytes, md5 } = body;
      checkName(name);
      if (!/^[0-9a-f]{32}$/i.test(md5) || bytes < 0) throw new LianyunError('bad-input', `${device} wants to put a resource without an MD5 of 32 hex digits, or of ${bytes} bytes.`, { device });
      this.#keep({ device, direction: 'upload', name, bytes, md5: md5.toLowerCase(), isOpen: true });
      await storage.stored();
      const place = this.placeOf(device, 'upload', name);
      const path = signer.pathOf({ place, method: 'PUT', expiresAt: clock.now() + EXPIRES_MS, bytes, digest: { algorithm: 'md5', hex: md5 } });
      return { name, bytes, md5, url: origin.forDevice('tencent', via) + path };
    });

    peer.handle('resource.poll', ({ device, via }) => {
      const offer = this.#open(device, via);
      return offer === undefined ? {} : { offer };
    });

    peer.handle('resource.progress', async ({ device, via, body }) => {
      const { direction, name, ...told } = body;
      const known = this.#records.get({ device, direction, name });
      const isDone = told.state === 'done';
      // What a device says that it has put must be there.
      const isThere = direction === 'download' || !isDone || objects.find(this.placeOf(device, direction, name)) !== undefined;
      if (known !== undefined && isThere) {
        const now = { ...known, isOpen: !isDone && told.state !== 'fail', told: { ...told, at: clock.now() } };
        this.#records.put(now);
        await storage.stored();
        onResource(now);
      }
      peer.send('resource.progress.ack', { device, via, body: known === undefined || !isThere ? { direction, code: -1, text: 'there is no such resource' } : { direction, code: 0, text: 'ok' } });
    });
  }

  /** The oldest resource that a device is to get. */
  #open(device: DeviceRef, via: DeviceRef): ResourceOffer | undefined {
    const { objects, signer, origin, clock } = this.#options;
    const { items } = this.#records.page({ device, direction: 'download', isOpen: true }, { limit: KEPT });
    for (const { name, bytes, md5 } of items.toReversed()) {
      const place = this.placeOf(device, 'download', name);
      if (objects.find(place) === undefined) continue;
      return { name, bytes, md5, url: origin.forDevice('tencent', via) + signer.pathOf({ place, method: 'GET', expiresAt: clock.now() + EXPIRES_MS }) };
    }
    return undefined;
  }

  #keep(resource: Omit<Resource, 'serial'>): void {
    this.#records.put({ ...resource, serial: this.#options.storage.registryStore.nextSerial() });
    for (const oldest of this.#records.page({ device: resource.device }, { offset: KEPT, limit: 1 }).items) this.#records.remove(oldest);
  }
}

function checkName(name: string): void {
  if (name === '' || Buffer.byteLength(name) > MAX_NAME_BYTES) throw new LianyunError('bad-input', `The name of a resource has ${Buffer.byteLength(name)} bytes; 1 to ${MAX_NAME_BYTES} are expected.`);
}
