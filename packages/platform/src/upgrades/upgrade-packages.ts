import { randomBytes } from 'node:crypto';
import { LianyunError, type Clock } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import type { Objects, PutOptions, StoredObject } from '../objects/objects.ts';
import type { Digest, ObjectPlace } from '../objects/signer.ts';
import type { Page, PageRequest } from '../registry-store.ts';
import type { Registry } from '../registry.ts';
import { readUrl } from './read-url.ts';
import type { UpgradeBook } from './upgrade-book.ts';
import type { UpgradePackage } from './upgrade-records.ts';

/** Where the bytes of a package come from. */
export type PackageSource =
  /** An object, which may come later. */
  | { readonly place: ObjectPlace }
  /** They are taken in now. `fileName` is what they are called where they are downloaded to. */
  | { readonly bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>; readonly fileName: string }
  /** They are fetched from there, once and now. */
  | { readonly url: string };

/** What a package is made of. */
export interface PackageDraft extends Pick<UpgradePackage, 'cloud' | 'productId' | 'kind' | 'version'>, Partial<Pick<UpgradePackage, 'id' | 'delivery' | 'name' | 'description' | 'info' | 'sourceVersions' | 'module' | 'region' | 'bytes' | 'sha256' | 'md5'>> {
  readonly source: PackageSource;
}

export interface PackageQuery extends PageRequest, Partial<Pick<UpgradePackage, 'productId' | 'kind' | 'version'>> {
  readonly cloud: Cloud;
}

/** Packages whose bytes were taken in for them have this bucket, and go with them. */
const BUCKET = 'packages';
const MAX_VERSION = { huawei: 256, tencent: 32 } as const;

/** The packages that devices can be upgraded with. */
export class UpgradePackages {
  readonly #book: UpgradeBook;
  readonly #objects: Objects;
  readonly #registry: Registry;
  readonly #clock: Clock;

  constructor({ book, objects, registry, clock }: { readonly book: UpgradeBook; readonly objects: Objects; readonly registry: Registry; readonly clock: Clock }) {
    this.#book = book;
    this.#objects = objects;
    this.#registry = registry;
    this.#clock = clock;
  }

  find(cloud: Cloud, id: string): UpgradePackage | undefined {
    return this.#book.packages.get({ cloud, id });
  }

  /** Newest first. */
  list({ before, offset, limit, ...where }: PackageQuery): Page<UpgradePackage> {
    return this.#book.packages.page(where, { limit, ...(before === undefined ? {} : { before }), ...(offset === undefined ? {} : { offset }) });
  }

  /**
   * Makes a package. A Huawei package whose bytes are taken in here is one that the platform keeps (v1), one that names an object is one in object
   * storage (v2); `delivery` says otherwise. Rejects with `not-found` when there is no such product, with `conflict` when there is such a package,
   * with `bad-input` for a version that cannot be and for bytes that are not what was said of them, with `network` when they cannot be fetched.
   */
  async add({ source, delivery, ...draft }: PackageDraft): Promise<UpgradePackage> {
    const { cloud, productId, version, module } = draft;
    this.#registry.product(cloud, productId);
    if (version === '' || version.length > MAX_VERSION[cloud]) throw new LianyunError('bad-input', `The version ${JSON.stringify(version.slice(0, 40))} is not allowed: 1 to ${MAX_VERSION[cloud]} characters are expected.`, { path: 'version' });
    const id = draft.id ?? (cloud === 'huawei' ? randomBytes(12).toString('hex') : tencentPackageId(productId, version, module));
    if (this.find(cloud, id) !== undefined) throw new LianyunError('conflict', `There is an upgrade package ${id} already.`);
    const object = 'place' in source ? this.#objects.find(source.place) : await this.#takeIn(id, source, draft);
    if (object !== undefined) check(object, draft);
    const pack: UpgradePackage = {
      ...draft,
      ...(object === undefined ? {} : { bytes: object.bytes, sha256: object.sha256, md5: object.md5 }),
      id,
      place: object === undefined && 'place' in source ? source.place : { bucket: object?.bucket ?? '', key: object?.key ?? '' },
      delivery: delivery ?? ('place' in source ? 'signed' : 'token'),
      createdAt: this.#clock.now(),
      serial: this.#book.nextSerial(),
    };
    this.#book.packages.put(pack);
    return pack;
  }

  /** Changes what is said of a package. */
  describe(pack: UpgradePackage, changes: Partial<Pick<UpgradePackage, 'name' | 'description' | 'info'>>): UpgradePackage {
    const changed = { ...pack, ...changes };
    this.#book.packages.put(changed);
    return changed;
  }

  /** Removes a package, with the bytes that were taken in for it. Rejects with `conflict` while a task that is not at its end needs it. */
  async remove(cloud: Cloud, id: string): Promise<void> {
    const pack = this.#book.package(cloud, id);
    for (const status of ['waiting', 'running'] as const) {
      const [task] = this.#book.tasks.page({ cloud, packageId: id, status }, { limit: 1 }).items;
      if (task !== undefined) throw new LianyunError('conflict', `The upgrade package of ${pack.productId} with version ${pack.version} is needed by the task ${task.id}, which is not at its end.`);
    }
    this.#book.packages.remove({ cloud, id });
    if (pack.place.bucket === BUCKET) await this.#objects.delete(pack.place);
  }

  async #takeIn(id: string, source: Exclude<PackageSource, { readonly place: ObjectPlace }>, draft: Partial<Pick<UpgradePackage, 'bytes' | 'sha256' | 'md5'>>): Promise<StoredObject> {
    const fileName = 'url' in source ? (new URL(source.url).pathname.split('/').at(-1) ?? '') : source.fileName;
    const place = { bucket: BUCKET, key: `${id}/${fileName === '' ? 'package' : fileName}` };
    const options: PutOptions = { digests: digestsOf(draft), ...(draft.bytes === undefined ? {} : { bytes: draft.bytes }) };
    return this.#objects.put(place, 'url' in source ? readUrl(source.url, this.#clock) : source.bytes, options);
  }
}

/** How a Tencent package is found: its product, its module and its version name it. */
export const tencentPackageId = (productId: string, version: string, module = ''): string => JSON.stringify([productId, module, version]);

function digestsOf({ sha256, md5 }: Partial<Pick<UpgradePackage, 'sha256' | 'md5'>>): Digest[] {
  return [...(sha256 === undefined ? [] : [{ algorithm: 'sha256', hex: sha256 } as const]), ...(md5 === undefined ? [] : [{ algorithm: 'md5', hex: md5 } as const])];
}

function check(object: StoredObject, said: Partial<Pick<UpgradePackage, 'bytes' | 'sha256' | 'md5'>>): void {
  if (said.bytes !== undefined && said.bytes !== object.bytes) throw new LianyunError('bad-input', `The package is to have ${said.bytes} bytes, the object has ${object.bytes}.`, { path: 'size' });
  for (const { algorithm, hex } of digestsOf(said)) {
    if (hex.toLowerCase() !== object[algorithm]) throw new LianyunError('bad-input', `The package is to have the ${algorithm} ${hex}, the object has ${object[algorithm]}.`, { path: 'digest' });
  }
}
