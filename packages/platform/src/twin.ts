import type { DeviceRef, JsonObject, JsonValue, PropertyGroup } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';

/** Values and when each was taken, ms since 1970. Both maps are plain data: `__proto__` is a name like any other. */
export interface TwinSection {
  readonly values: JsonObject;
  readonly times: { readonly [property: string]: number };
  /** When the section last changed: the latest of the times of its changes. */
  readonly at: number;
}

/** One service's part of a twin; Tencent's template has no services, so its twin has one part without a name. */
export interface TwinService {
  readonly service?: string;
  readonly reported?: TwinSection;
  readonly desired?: TwinSection;
  /** + 1 for every change of the service (Huawei 3.9). */
  readonly version: number;
}

/** What the platform knows of a device: what it reported, and what is wanted of it. */
export interface Twins {
  /** Takes in a report: each property is replaced by itself, the service's version rises by one a group (Huawei 3.4). */
  report(cloud: Cloud, device: DeviceRef, groups: readonly PropertyGroup[], arrivedAt: number): void;
  /** Sets desired values; `null` takes one back. */
  desire(cloud: Cloud, device: DeviceRef, groups: readonly PropertyGroup[], at: number): void;
  /** Takes back the desired values of the properties named in `groups`, or all of them (Tencent clear_control, 2.5). */
  forgetDesired(cloud: Cloud, device: DeviceRef, groups?: readonly PropertyGroup[]): void;
  /** Every service, or the named one. */
  read(cloud: Cloud, device: DeviceRef, service?: string): readonly TwinService[];
  /** What is desired and not reported so: what waits for the device. */
  pending(cloud: Cloud, device: DeviceRef): readonly PropertyGroup[];
  delete(cloud: Cloud, device: DeviceRef): void;
}

interface Entry {
  value: JsonValue;
  at: number;
}

class Section {
  readonly entries = new Map<string, Entry>();
  at = 0;

  set(name: string, value: JsonValue, at: number): void {
    const entry = this.entries.get(name);
    if (entry === undefined) this.entries.set(name, { value, at });
    else {
      entry.value = value;
      entry.at = at;
    }
    this.at = Math.max(this.at, at);
  }

  snapshot(): TwinSection | undefined {
    if (this.entries.size === 0) return undefined;
    const { at, entries } = this;
    return {
      at,
      // fromEntries defines members, it does not assign them: `__proto__` becomes a plain one.
      values: Object.fromEntries([...entries].map(([name, entry]) => [name, entry.value])),
      times: Object.fromEntries([...entries].map(([name, entry]) => [name, entry.at])),
    };
  }
}

class Service {
  readonly reported = new Section();
  readonly desired = new Section();
  version = 0;
}

/** Twins that live as long as the process. */
export class MemoryTwins implements Twins {
  // By device, then by service; '' stands for the one without a name.
  readonly #twins = { huawei: new Map<DeviceRef, Map<string, Service>>(), tencent: new Map<DeviceRef, Map<string, Service>>() };

  report(cloud: Cloud, device: DeviceRef, groups: readonly PropertyGroup[], arrivedAt: number): void {
    for (const group of groups) {
      const service = this.#open(cloud, device, group.service);
      const at = group.at ?? arrivedAt;
      for (const [name, value] of Object.entries(group.values)) service.reported.set(name, value, at);
      service.version++;
    }
  }

  desire(cloud: Cloud, device: DeviceRef, groups: readonly PropertyGroup[], at: number): void {
    for (const group of groups) {
      const service = this.#open(cloud, device, group.service);
      for (const [name, value] of Object.entries(group.values)) {
        if (value === null) service.desired.entries.delete(name);
        else service.desired.set(name, value, at);
      }
      service.version++;
    }
  }

  forgetDesired(cloud: Cloud, device: DeviceRef, groups?: readonly PropertyGroup[]): void {
    const services = this.#twins[cloud].get(device);
    if (groups === undefined) {
      for (const service of services?.values() ?? []) if (service.desired.entries.size > 0) drop(service, [...service.desired.entries.keys()]);
      return;
    }
    for (const group of groups) {
      const service = services?.get(group.service ?? '');
      if (service !== undefined) drop(service, Object.keys(group.values));
    }
  }

  read(cloud: Cloud, device: DeviceRef, service?: string): readonly TwinService[] {
    const services = this.#twins[cloud].get(device);
    if (services === undefined) return [];
    return [...services]
      .filter(([name]) => service === undefined || name === service)
      .map(([name, { reported, desired, version }]) => {
        const sections = { reported: reported.snapshot(), desired: desired.snapshot() };
        return {
          version,
          ...(name === '' ? {} : { service: name }),
          ...(sections.reported === undefined ? {} : { reported: sections.reported }),
          ...(sections.desired === undefined ? {} : { desired: sections.desired }),
        };
      });
  }

  pending(cloud: Cloud, device: DeviceRef): readonly PropertyGroup[] {
    return [...(this.#twins[cloud].get(device) ?? [])].flatMap(([name, { reported, desired }]) => {
      const waiting = [...desired.entries].filter(([property, { value }]) => !sameJson(reported.entries.get(property)?.value, value));
      if (waiting.length === 0) return [];
      return [{ ...(name === '' ? {} : { service: name }), values: Object.fromEntries(waiting.map(([property, { value }]) => [property, value])) }];
    });
  }

  delete(cloud: Cloud, device: DeviceRef): void {
    this.#twins[cloud].delete(device);
  }

  #open(cloud: Cloud, device: DeviceRef, name = ''): Service {
    let services = this.#twins[cloud].get(device);
    if (services === undefined) this.#twins[cloud].set(device, (services = new Map<string, Service>()));
    let service = services.get(name);
    if (service === undefined) services.set(name, (service = new Service()));
    return service;
  }
}

function drop(service: Service, names: readonly string[]): void {
  const dropped = names.filter((name) => service.desired.entries.delete(name));
  if (dropped.length > 0) service.version++;
}

function sameJson(a: JsonValue | undefined, b: JsonValue): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return left.length === right.size && left.every(([name, value]) => {
    const other = right.get(name);
    return other !== undefined && sameJson(value, other);
  });
}
