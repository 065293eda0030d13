import type { DeviceRef } from '@lianyun/protocol';
import type { Page, PageRequest } from '../registry-store.ts';
import type { Records, Shape } from './records.ts';
import type { Storage } from './storage.ts';

/** A record of a device; `serial` ascends with each time that it was begun with anew. */
interface OfDevice {
  readonly device: DeviceRef;
  readonly serial: number;
}

/** Records of devices, of each of which the latest are kept: the oldest give way. */
export class DeviceRecords<T extends OfDevice> {
  readonly #storage: Pick<Storage, 'registryStore'>;
  readonly #records: Records<T>;
  /** How many of one device. */
  readonly kept: number;

  constructor(storage: Pick<Storage, 'registryStore' | 'records'>, shape: Shape<T>, kept: number) {
    this.#storage = storage;
    this.#records = storage.records(shape);
    this.kept = kept;
  }

  get(key: Partial<T>): T | undefined {
    return this.#records.get(key);
  }

  /** Begins with a record, or begins anew with the one of the same key: it is the latest now. */
  begin(draft: Omit<T, 'serial'>): T {
    const record = { ...draft, serial: this.#storage.registryStore.nextSerial() } as T; // all that is left out of the draft
    this.#records.put(record);
    for (const oldest of this.#page(record.device, { offset: this.kept, limit: 1 })) this.#records.remove(oldest);
    return record;
  }

  /** Replaces a record; it stays where it is among the others. */
  change(record: T): void {
    this.#records.put(record);
  }

  remove(key: Partial<T>): boolean {
    return this.#records.remove(key);
  }

  /** Those that have these values in their columns, the latest first. */
  page(where: Partial<T>, page: PageRequest): Page<T> {
    return this.#records.page(where, page);
  }

  /** Forgets a device. */
  forget(device: DeviceRef): void {
    for (const record of this.#page(device, { limit: this.kept + 1 })) this.#records.remove(record);
  }

  #page(device: DeviceRef, page: PageRequest): readonly T[] {
    // What every record has: the shape of `T` says no less.
    return this.#records.page({ device } as Partial<T>, page).items;
  }
}
