import type { DeviceRef, PropertyGroup } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';
import type { MemoryHistory, Trail } from './memory-history.ts';
import { TwinState, type TwinService } from './twin-state.ts';

/** What the platform knows of a device: what it reported, and what is wanted of it. */
export interface Twins {
  /**
   * Takes in a report: each property is replaced by itself, the service's version rises by one a group (Huawei 3.4). The history grows by it.
   * Tells whether anything is desired of the device: who asks {@link pending} after every report asks in vain nearly always.
   */
  report(cloud: Cloud, device: DeviceRef, groups: readonly PropertyGroup[], arrivedAt: number): boolean;
  /** Sets desired values; `null` takes one back. */
  desire(cloud: Cloud, device: DeviceRef, groups: readonly PropertyGroup[], at: number): void;
  /** Takes back the desired values of the properties named in `groups`, or all of them (Tencent clear_control, 2.5). */
  forgetDesired(cloud: Cloud, device: DeviceRef, groups?: readonly PropertyGroup[]): void;
  /** Every service, or the named one. */
  read(cloud: Cloud, device: DeviceRef, service?: string): readonly TwinService[];
  /** What is desired and not reported so: what waits for the device. */
  pending(cloud: Cloud, device: DeviceRef): readonly PropertyGroup[];
  /** Forgets what was reported last and what is desired (Huawei DeleteDeviceShadow, 14.4); the history stays. */
  clear(cloud: Cloud, device: DeviceRef): void;
  /** Forgets the twin and the history of a device. */
  delete(cloud: Cloud, device: DeviceRef): void;
}

interface Twin {
  state: TwinState;
  readonly trail: Trail | undefined;
}

/** Twins that live as long as the process. */
export class MemoryTwins implements Twins {
  readonly #twins = { huawei: new Map<DeviceRef, Twin>(), tencent: new Map<DeviceRef, Twin>() };
  readonly #history: MemoryHistory | undefined;

  /** `history` gets every report; left out: none is kept. */
  constructor(history?: MemoryHistory) {
    this.#history = history;
  }

  report(cloud: Cloud, device: DeviceRef, groups: readonly PropertyGroup[], arrivedAt: number): boolean {
    const { state, trail } = this.#open(cloud, device);
    state.report(groups, arrivedAt);
    if (trail !== undefined) this.#history?.add(trail, groups, arrivedAt);
    return state.hasDesired;
  }

  desire(cloud: Cloud, device: DeviceRef, groups: readonly PropertyGroup[], at: number): void {
    this.#open(cloud, device).state.desire(groups, at);
  }

  forgetDesired(cloud: Cloud, device: DeviceRef, groups?: readonly PropertyGroup[]): void {
    this.#twins[cloud].get(device)?.state.forgetDesired(groups);
  }

  read(cloud: Cloud, device: DeviceRef, service?: string): readonly TwinService[] {
    return this.#twins[cloud].get(device)?.state.read(service) ?? [];
  }

  pending(cloud: Cloud, device: DeviceRef): readonly PropertyGroup[] {
    return this.#twins[cloud].get(device)?.state.pending() ?? [];
  }

  clear(cloud: Cloud, device: DeviceRef): void {
    this.#twins[cloud].delete(device);
  }

  delete(cloud: Cloud, device: DeviceRef): void {
    this.#twins[cloud].delete(device);
    this.#history?.delete(cloud, device);
  }

  #open(cloud: Cloud, device: DeviceRef): Twin {
    let twin = this.#twins[cloud].get(device);
    if (twin === undefined) this.#twins[cloud].set(device, (twin = { state: new TwinState(), trail: this.#history?.trail(cloud, device) }));
    return twin;
  }
}
