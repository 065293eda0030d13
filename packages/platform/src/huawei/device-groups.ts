import { randomUUID } from 'node:crypto';
import { LianyunError, type Clock, type DeviceRef } from '@lianyun/protocol';
import type { Device } from '../records.ts';
import type { Page, PageRequest } from '../registry-store.ts';
import type { Registry } from '../registry.ts';
import { sift } from '../sift.ts';
import type { Records, Shape } from '../storage/records.ts';
import type { Storage } from '../storage/storage.ts';
import type { DeviceSearch } from './device-search.ts';
import { readWhere } from './search-language.ts';

/** Devices that applications speak of together (Huawei 14.4). */
export interface DeviceGroup {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  /** The group that it is a part of. */
  readonly parent?: string;
  /** `DYNAMIC`: the devices that fit its rule, whenever it is asked. */
  readonly type: 'STATIC' | 'DYNAMIC';
  /** What stands behind `where` of a search. */
  readonly rule?: string;
  readonly appId: string;
  /** Ms since 1970. */
  readonly changedAt: number;
  readonly serial: number;
}

interface GroupMember {
  readonly groupId: string;
  readonly device: DeviceRef;
  readonly serial: number;
}

export const DEVICE_GROUPS: Shape<DeviceGroup> = { name: 'device_groups', key: ['id'], columns: { id: 'text', name: 'text', parent: 'text', type: 'text', appId: 'text' } };
export const GROUP_MEMBERS: Shape<GroupMember> = { name: 'group_members', key: ['groupId', 'device'], columns: { device: 'text', groupId: 'text' } };

/** Groups that lie in each other, and groups that one device is in, at most. */
const MAX_DEPTH = 5;
const MAX_GROUPS = 10;

interface DeviceGroupsOptions {
  readonly storage: Storage;
  readonly registry: Registry;
  readonly search: DeviceSearch;
  readonly clock: Clock;
}

/** Which groups there are. `changedAfter` in ms since 1970. */
type GroupFilter = Partial<Pick<DeviceGroup, 'name' | 'type' | 'appId'>> & { readonly changedAfter?: number };

/** Groups of devices. Everything fails with `bad-input`, `conflict` or `not-found`, and says what, where and what is allowed. */
export class DeviceGroups {
  readonly #options: DeviceGroupsOptions;
  readonly #groups: Records<DeviceGroup>;
  readonly #members: Records<GroupMember>;

  constructor(options: DeviceGroupsOptions) {
    this.#options = options;
    this.#groups = options.storage.records(DEVICE_GROUPS);
    this.#members = options.storage.records(GROUP_MEMBERS);
  }

  create(draft: Omit<DeviceGroup, 'id' | 'serial' | 'changedAt'>): DeviceGroup {
    const { name, parent, type, rule, appId } = draft;
    this.#checkName(name, appId);
    if (type === 'DYNAMIC') {
      if (rule === undefined) throw bad('dynamic_group_rule', 'is missing: it says which devices are in a dynamic group');
      if (parent !== undefined) throw bad('super_group_id', 'a dynamic group is no part of another');
      readWhere(rule);
    } else if (rule !== undefined) throw bad('dynamic_group_rule', 'only a group of the type DYNAMIC has a rule');
    if (parent !== undefined) this.#checkParent(parent);
    const { storage, clock } = this.#options;
    const made: DeviceGroup = { ...draft, id: randomUUID(), changedAt: clock.now(), serial: storage.registryStore.nextSerial() };
    this.#groups.put(made);
    return made;
  }

  get(id: string): DeviceGroup {
    const found = this.#groups.get({ id });
    if (found === undefined) throw new LianyunError('not-found', `There is no device group ${JSON.stringify(id)}.`);
    return found;
  }

  /** Newest first. */
  list({ changedAfter = 0, ...where }: GroupFilter, page: PageRequest): Promise<Page<DeviceGroup>> {
    return sift((part) => this.#groups.page(where, part), ({ changedAt }) => changedAt >= changedAfter, page);
  }

  update(id: string, changes: Partial<Pick<DeviceGroup, 'name' | 'description'>>): DeviceGroup {
    const group = this.get(id);
    if (changes.name !== undefined && changes.name !== group.name) this.#checkName(changes.name, group.appId);
    const changed: DeviceGroup = { ...group, ...changes, changedAt: this.#options.clock.now() };
    this.#groups.put(changed);
    return changed;
  }

  /** Refuses with `conflict` while there are groups or devices in it. */
  remove(id: string): void {
    this.get(id);
    const parts = this.#groups.page({ parent: id }, { limit: 0 }).total;
    const devices = this.#members.page({ groupId: id }, { limit: 0 }).total;
    if (parts + devices > 0) throw new LianyunError('conflict', `The device group ${id} still has ${devices} device(s) and ${parts} group(s) in it; take them out first.`);
    this.#groups.remove({ id });
  }

  /** Puts a device into a group; one that is there stays. */
  add(id: string, device: DeviceRef): void {
    const { storage, registry } = this.#options;
    this.#demandStatic(id);
    registry.device('huawei', device);
    if (this.#members.get({ groupId: id, device }) !== undefined) return;
    if (this.#members.page({ device }, { limit: 0 }).total >= MAX_GROUPS) throw new LianyunError('bad-input', `${device} is in ${MAX_GROUPS} groups already, which is as many as are allowed.`, { device });
    this.#members.put({ groupId: id, device, serial: storage.registryStore.nextSerial() });
  }

  /** Takes a device out of a group. */
  takeOut(id: string, device: DeviceRef): void {
    this.#demandStatic(id);
    this.#options.registry.device('huawei', device);
    if (!this.#members.remove({ groupId: id, device })) throw bad('device_id', `${device} is not in the group ${id}`);
  }

  /** The devices of a group, the latest first. */
  async devices(id: string, page: PageRequest): Promise<Page<Pick<Device, 'device' | 'nodeId' | 'name' | 'productId' | 'serial'>>> {
    const { registry, search } = this.#options;
    const { rule } = this.get(id);
    if (rule !== undefined) return search.find(readWhere(rule), page);
    const { items, total } = this.#members.page({ groupId: id }, page);
    return { total, items: items.map(({ device, serial }) => ({ ...registry.device('huawei', device), serial })) };
  }

  /** All devices of a group: as they are now, in the order in which they came. */
  async allDevices(id: string): Promise<readonly DeviceRef[]> {
    const { items } = await this.devices(id, { limit: Number.MAX_SAFE_INTEGER });
    return items.map(({ device }) => device).reverse();
  }

  /** The groups that a device was put into. */
  of(device: DeviceRef): readonly DeviceGroup[] {
    return this.#members.page({ device }, { limit: MAX_GROUPS }).items.flatMap(({ groupId: id }) => this.#groups.get({ id }) ?? []);
  }

  /** A device is no more. */
  forget(device: DeviceRef): void {
    for (const member of this.#members.page({ device }, { limit: MAX_GROUPS }).items) this.#members.remove(member);
  }

  #demandStatic(id: string): void {
    if (this.get(id).type === 'DYNAMIC') throw bad('group_id', `which devices are in the group ${id} is what its rule says; nobody puts them there`);
  }

  #checkName(name: string, appId: string): void {
    if (this.#groups.page({ name, appId }, { limit: 0 }).total > 0) throw new LianyunError('conflict', `There is a device group ${JSON.stringify(name)} already.`);
  }

  #checkParent(parent: string): void {
    let depth = 1;
    for (let group: DeviceGroup | undefined = this.get(parent); group !== undefined; group = group.parent === undefined ? undefined : this.#groups.get({ id: group.parent })) {
      if (group.type === 'DYNAMIC') throw bad('super_group_id', 'a dynamic group has no parts');
      depth++;
    }
    if (depth > MAX_DEPTH) throw bad('super_group_id', `groups lie in each other at most ${MAX_DEPTH} deep`);
  }
}

const bad = (path: string, what: string): LianyunError => new LianyunError('bad-input', `Invalid input data. ${path}: ${what}.`, { path });
