import type { ChildInfo, DeviceRef } from '@lianyun/protocol';
import type { TopologyStore } from './gateway-topology.ts';

/** The sub-devices that a gateway knows, and which of them it wants online, over a store. */
export class ChildList {
  readonly #store: TopologyStore;

  constructor(store: TopologyStore) {
    this.#store = store;
  }

  /** The version of the list that the cloud gave last (Huawei 9.2); 0 for none. */
  get version(): number {
    return this.#store.version;
  }

  set version(version: number) {
    this.#store.version = version;
  }

  get isEmpty(): boolean {
    for (const _ of this.#store.all()) return false;
    return true;
  }

  /** All of them, as they stand now. */
  all(): ChildInfo[] {
    return [...this.#store.all()].map(({ info }) => info);
  }

  /** Those that were brought online and not taken offline since. */
  wanted(): DeviceRef[] {
    return [...this.#store.all()].filter(({ wantsOnline }) => wantsOnline).map(({ info }) => info.device);
  }

  isWanted(device: DeviceRef): boolean {
    return this.#store.get(device)?.wantsOnline === true;
  }

  keep(info: ChildInfo): void {
    this.#store.put({ info, wantsOnline: this.isWanted(info.device) });
  }

  drop(device: DeviceRef): void {
    this.#store.delete(device);
  }

  /** Notes whether a sub-device is wanted online; one that the cloud knew and nobody here did is known from then on. */
  want(device: DeviceRef, wantsOnline: boolean): void {
    this.#store.put({ info: this.#store.get(device)?.info ?? { device }, wantsOnline });
  }

  /** Resolves when all this outlives the process, where the store has such a thing; rejects with what the store says. */
  async stored(): Promise<void> {
    await this.#store.stored?.();
  }
}
