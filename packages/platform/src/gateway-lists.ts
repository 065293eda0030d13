import type { ChildInfo, DeviceRef } from '@lianyun/protocol';

/** A change of a gateway's list, and the version that it made. */
export interface ListChange {
  readonly version: number;
  readonly change: 'added' | 'removed';
  readonly children: readonly ChildInfo[];
}

/** The versions of Huawei gateways' lists, and how they came about; Tencent's lists have none. */
export interface GatewayLists {
  /** The version of a gateway's list; undefined while it has none. */
  version(gateway: DeviceRef): number | undefined;
  /** Gives a list that has none its first version. */
  begin(gateway: DeviceRef, version: number): void;
  /** Adds a change to a list that has a version; the last {@link CHANGES_KEPT} are kept. */
  add(gateway: DeviceRef, change: ListChange): void;
  /** The changes that are kept and made versions above `version`, the oldest first. */
  since(gateway: DeviceRef, version: number): readonly ListChange[];
  delete(gateway: DeviceRef): void;
}

/** Changes that are kept for a gateway that was away; one that missed more gets the whole list (Huawei 9.2). */
export const CHANGES_KEPT = 100;

interface List {
  version: number;
  readonly changes: ListChange[];
}

/** Lists that live as long as the process. */
export class MemoryGatewayLists implements GatewayLists {
  readonly #lists = new Map<DeviceRef, List>();

  version(gateway: DeviceRef): number | undefined {
    return this.#lists.get(gateway)?.version;
  }

  begin(gateway: DeviceRef, version: number): void {
    if (!this.#lists.has(gateway)) this.#lists.set(gateway, { version, changes: [] });
  }

  add(gateway: DeviceRef, change: ListChange): void {
    const list = this.#lists.get(gateway);
    if (list === undefined) return;
    list.version = change.version;
    list.changes.push(change);
    if (list.changes.length > CHANGES_KEPT) list.changes.shift();
  }

  since(gateway: DeviceRef, version: number): readonly ListChange[] {
    return this.#lists.get(gateway)?.changes.filter((change) => change.version > version) ?? [];
  }

  delete(gateway: DeviceRef): void {
    this.#lists.delete(gateway);
  }
}
