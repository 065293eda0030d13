import type { ChildInfo, DeviceRef } from '@lianyun/protocol';

/** A sub-device that a gateway knows of. */
export interface KnownChild {
  readonly info: ChildInfo;
  /** It was brought online and not taken offline since: it is brought online again after every reconnect. */
  readonly wantsOnline: boolean;
}

/** Where a gateway keeps its sub-devices. Written one by one, so that a store on disk need not write all of them each time. */
export interface TopologyStore {
  /** The version of the list that the cloud gave last (Huawei 9.2); 0 for none. */
  version: number;
  get(device: DeviceRef): KnownChild | undefined;
  put(child: KnownChild): void;
  delete(device: DeviceRef): void;
  all(): Iterable<KnownChild>;
  /** Resolves when everything so far outlives the process. What the gateway did is told to the program after it; left out: nothing is waited for. */
  stored?(): Promise<void>;
}

/** Sub-devices that are known for as long as the process lives. */
export class MemoryTopology implements TopologyStore {
  version = 0;
  readonly #children = new Map<DeviceRef, KnownChild>();

  get(device: DeviceRef): KnownChild | undefined {
    return this.#children.get(device);
  }

  put(child: KnownChild): void {
    this.#children.set(child.info.device, child);
  }

  delete(device: DeviceRef): void {
    this.#children.delete(device);
  }

  all(): Iterable<KnownChild> {
    return this.#children.values();
  }
}
