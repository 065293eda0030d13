import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { LianyunError, type Clock } from '@lianyun/protocol';
import type { Page, PageRequest } from '../registry-store.ts';
import type { Records, Shape } from '../storage/records.ts';
import type { Storage } from '../storage/storage.ts';
import type { Blobs, ByteRange } from './blobs.ts';
import type { Digest, ObjectPlace } from './signer.ts';

/** What is known of an object. */
export interface StoredObject extends ObjectPlace {
  /** Where its bytes are. Changes whenever they do. */
  readonly blob: string;
  readonly bytes: number;
  /** Hex digits. */
  readonly sha256: string;
  readonly md5: string;
  /** The content type that it came with. */
  readonly type: string;
  /** Ms since 1970. */
  readonly storedAt: number;
  readonly serial: number;
}

export const OBJECTS: Shape<StoredObject> = { name: 'objects', key: ['bucket', 'key'], columns: { key: 'text', bucket: 'text', blob: 'text' } };

/** How an object is taken in. */
export interface PutOptions {
  readonly type?: string;
  /** More is refused; 5 GiB unless said otherwise, which is what the clouds take in one piece. */
  readonly maxBytes?: number;
  /** What was said of it beforehand: other bytes are refused. */
  readonly bytes?: number;
  readonly digests?: readonly Digest[];
}

export const MAX_OBJECT_BYTES = 5 * 1024 ** 3;
const MAX_KEY_BYTES = 1024;

/** Objects in buckets: bytes with a name, as object storage has them. An object is there as a whole or not at all. */
export class Objects {
  readonly #records: Records<StoredObject>;
  readonly #blobs: Blobs;
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #listeners = new Set<(object: StoredObject) => void>();

  constructor({ storage, clock }: { readonly storage: Storage; readonly clock: Clock }) {
    this.#records = storage.records(OBJECTS);
    this.#blobs = storage.blobs;
    this.#storage = storage;
    this.#clock = clock;
  }

  find({ bucket, key }: ObjectPlace): StoredObject | undefined {
    return this.#records.get({ bucket, key });
  }

  /** The objects of a bucket, newest first. */
  list(bucket: string, page: PageRequest): Page<StoredObject> {
    return this.#records.page({ bucket }, page);
  }

  /**
   * Takes an object in while it comes, in memory that does not grow with it, and puts it in the place of the one that was there. Resolves when it
   * is stored for good. Rejects with `too-large`, with `bad-input` for a place that cannot be and for other bytes than were announced, and with
   * whatever the source fails with; what was there before stays then.
   */
  async put(place: ObjectPlace, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options: PutOptions = {}): Promise<StoredObject> {
    checkPlace(place);
    const { type = 'application/octet-stream', maxBytes = MAX_OBJECT_BYTES } = options;
    const hashes = { sha256: createHash('sha256'), md5: createHash('md5') };
    const draft = await this.#blobs.create();
    let bytes = 0;
    let blob: string;
    let digests: { readonly sha256: string; readonly md5: string };
    try {
      for await (const chunk of source) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw new LianyunError('too-large', `At most ${maxBytes} bytes are taken.`);
        hashes.sha256.update(chunk);
        hashes.md5.update(chunk);
        await draft.write(chunk);
      }
      digests = { sha256: hashes.sha256.digest('hex'), md5: hashes.md5.digest('hex') };
      checkAnnounced(options, { bytes, ...digests });
      blob = await draft.commit();
    } catch (error) {
      await draft.discard();
      throw error;
    }
    const before = this.find(place);
    const { bucket, key } = place;
    const object: StoredObject = { bucket, key, blob, bytes, ...digests, type, storedAt: this.#clock.now(), serial: this.#storage.registryStore.nextSerial() };
    try {
      this.#records.put(object);
      await this.#storage.stored();
    } catch (error) {
      await this.#blobs.remove(blob);
      throw error;
    }
    if (before !== undefined) await this.#blobs.remove(before.blob);
    for (const listener of this.#listeners) listener(object);
    return object;
  }

  /** The bytes of an object, or a part of them. Rejects with `not-found` when it is gone. */
  async read(object: StoredObject, range?: ByteRange): Promise<Readable> {
    return this.#blobs.read(object.blob, range);
  }

  /** Removes an object; tells whether there was one. */
  async delete(place: ObjectPlace): Promise<boolean> {
    const object = this.find(place);
    if (object === undefined) return false;
    this.#records.remove(place);
    await this.#storage.stored();
    await this.#blobs.remove(object.blob);
    return true;
  }

  /** Removes all objects of a bucket: at once from the list, and their bytes when that is stored. */
  async empty(bucket: string): Promise<void> {
    const gone: StoredObject[] = [];
    for (let page = this.list(bucket, { limit: 100 }); page.items.length > 0; page = this.list(bucket, { limit: 100 })) {
      for (const object of page.items) this.#records.remove(object);
      gone.push(...page.items);
    }
    await this.#storage.stored();
    for (const { blob } of gone) await this.#blobs.remove(blob);
  }

  /** Hears of every object that was put. Returns a function that takes the listener back. */
  onStored(listener: (object: StoredObject) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

function checkPlace({ bucket, key }: ObjectPlace): void {
  const isName = (text: string): boolean => text !== '' && text.isWellFormed() && Buffer.byteLength(text) <= MAX_KEY_BYTES;
  if (!isName(bucket) || bucket.includes('/')) throw new LianyunError('bad-input', `The bucket ${JSON.stringify(bucket.slice(0, 100))} is not allowed: 1 to ${MAX_KEY_BYTES} bytes of text without a slash are expected.`);
  // Such a segment does not survive the way through a URL.
  if (!isName(key) || key.split('/').some((segment) => segment === '.' || segment === '..')) {
    throw new LianyunError('bad-input', `The key ${JSON.stringify(key.slice(0, 100))} is not allowed: 1 to ${MAX_KEY_BYTES} bytes of text without the segments . and .. are expected.`);
  }
}

function checkAnnounced({ bytes, digests = [] }: PutOptions, found: { readonly bytes: number; readonly sha256: string; readonly md5: string }): void {
  if (bytes !== undefined && bytes !== found.bytes) throw new LianyunError('bad-input', `${bytes} bytes were announced, ${found.bytes} came.`, { path: 'size' });
  for (const { algorithm, hex } of digests) {
    if (hex.toLowerCase() !== found[algorithm]) throw new LianyunError('bad-input', `The ${algorithm} ${hex} was announced, the bytes have ${found[algorithm]}.`, { path: 'digest' });
  }
}
