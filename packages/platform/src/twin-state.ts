import { parseExact, type JsonObject, type JsonValue, type PropertyGroup } from '@lianyun/protocol';
import { instant } from './history.ts';

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

interface Entry {
  value: JsonValue;
  at: number;
}

/** Values that are set and taken back one by one. */
class Section {
  readonly entries = new Map<string, Entry>();
  at = 0;

  set(name: string, value: JsonValue, at: number): void {
    this.entries.set(name, { value, at });
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

  toJSON(): WrittenSection {
    return [this.at, [...this.entries].map(([name, { value, at }]) => [name, value, at])];
  }

  fill([at, entries]: WrittenSection): void {
    for (const [name, value, since] of entries) this.entries.set(name, { value, at: since });
    this.at = at;
  }
}

/**
 * Values that come many at a time, and mostly the same ones time and again: the last of them are kept as they came, which touches a tenth of the
 * memory that an entry for each would. Earlier ones that were not replaced stand apart.
 */
class Reported {
  #last: JsonObject = {};
  #lastAt = 0;
  #earlier: Section | undefined;
  /** When it last changed: the latest of the times of its changes. */
  #at = 0;

  put(values: JsonObject, at: number): void {
    const names = Object.keys(values);
    if (names.length === 0) return;
    const replaced = Object.keys(this.#last);
    if (!isSame(names, replaced)) this.#part(names, replaced);
    this.#last = values;
    this.#lastAt = at;
    this.#at = Math.max(this.#at, at);
  }

  get(name: string): JsonValue | undefined {
    return Object.hasOwn(this.#last, name) ? this.#last[name] : this.#earlier?.entries.get(name)?.value;
  }

  snapshot(): TwinSection | undefined {
    return this.#together().snapshot();
  }

  toJSON(): WrittenSection {
    return this.#together().toJSON();
  }

  fill(written: WrittenSection): void {
    this.#earlier = new Section();
    this.#earlier.fill(written);
    this.#at = this.#earlier.at;
  }

  /** Those of the last report that the next one does not replace are earlier ones from now on. */
  #part(names: readonly string[], replaced: readonly string[]): void {
    this.#earlier ??= new Section();
    for (const name of replaced) this.#earlier.set(name, this.#last[name] ?? null, this.#lastAt);
    for (const name of names) this.#earlier.entries.delete(name);
  }

  #together(): Section {
    const all = new Section();
    for (const [name, { value, at }] of this.#earlier?.entries ?? []) all.set(name, value, at);
    for (const [name, value] of Object.entries(this.#last)) all.set(name, value, this.#lastAt);
    all.at = this.#at;
    return all;
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

class Service {
  readonly name: string;
  readonly reported = new Reported();
  readonly desired = new Section();
  version = 0;

  constructor(name: string) {
    this.name = name;
  }
}

// Lists, not objects: a name such as `__proto__` is data here, too.
type WrittenSection = readonly [at: number, entries: readonly (readonly [name: string, value: JsonValue, at: number])[]];
type WrittenService = readonly [name: string, version: number, reported: WrittenSection, desired: WrittenSection];

/** The twin of one device. What each change means stands at `Twins`. */
export class TwinState {
  // '' stands for the service without a name.
  readonly #services = new Map<string, Service>();

  /** Reads back what {@link toJSON} made. */
  static parse(text: string): TwinState {
    const twin = new TwinState();
    // Written by toJSON.
    for (const [name, version, reported, desired] of parseExact(text) as readonly WrittenService[]) {
      const service = twin.#open(name);
      service.version = version;
      service.reported.fill(reported);
      service.desired.fill(desired);
    }
    return twin;
  }

  toJSON(): readonly WrittenService[] {
    return [...this.#services].map(([name, { version, reported, desired }]) => [name, version, reported.toJSON(), desired.toJSON()]);
  }

  report(groups: readonly PropertyGroup[], arrivedAt: number): void {
    for (const group of groups) {
      const service = this.#open(group.service);
      service.reported.put(group.values, instant(group.at ?? arrivedAt, arrivedAt));
      service.version++;
    }
  }

  desire(groups: readonly PropertyGroup[], at: number): void {
    for (const group of groups) {
      const service = this.#open(group.service);
      for (const [name, value] of Object.entries(group.values)) {
        if (value === null) service.desired.entries.delete(name);
        else service.desired.set(name, value, at);
      }
      service.version++;
    }
  }

  forgetDesired(groups?: readonly PropertyGroup[]): void {
    if (groups === undefined) {
      for (const service of this.#services.values()) if (service.desired.entries.size > 0) drop(service, [...service.desired.entries.keys()]);
      return;
    }
    for (const group of groups) {
      const service = this.#services.get(group.service ?? '');
      if (service !== undefined) drop(service, Object.keys(group.values));
    }
  }

  read(service?: string): readonly TwinService[] {
    return [...this.#services]
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

  /** Whether anything is desired. */
  get hasDesired(): boolean {
    for (const { desired } of this.#services.values()) if (desired.entries.size > 0) return true;
    return false;
  }

  /** What is desired and not reported so. */
  pending(): readonly PropertyGroup[] {
    const groups: PropertyGroup[] = [];
    for (const { name, reported, desired } of this.#services.values()) {
      const waiting = [...desired.entries].filter(([property, { value }]) => !sameJson(reported.get(property), value));
      if (waiting.length === 0) continue;
      groups.push({ ...(name === '' ? {} : { service: name }), values: Object.fromEntries(waiting.map(([property, { value }]) => [property, value])) });
    }
    return groups;
  }

  #open(name = ''): Service {
    let service = this.#services.get(name);
    if (service === undefined) this.#services.set(name, (service = new Service(name)));
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
