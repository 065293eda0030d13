import { randomUUID } from 'node:crypto';
import { huawei, isLianyunError, LianyunError, type Clock, type DeviceRef, type Peer, type PropertyGroup, type RuleRules, type ShadowService } from '@lianyun/protocol';
import type { Downlink } from '../downlink.ts';
import { Flights } from '../flights.ts';
import type { Page, PageRequest } from '../registry-store.ts';
import type { Registry } from '../registry.ts';
import type { Records } from '../storage/records.ts';
import type { Storage } from '../storage/storage.ts';
import { RULE_ASSIGNMENTS, RULE_RECORDS, type RuleAssignment, type RuleRecord } from './rule-records.ts';

interface DeviceRulesOptions {
  readonly storage: Storage;
  readonly registry: Registry;
  readonly downlink: Downlink;
  readonly peer: Pick<Peer, 'send' | 'handle'>;
  readonly clock: Clock;
  problem(problem: LianyunError): void;
}

/** A rule as it is made or changed: its version is the platform's. */
export type RuleDraft = Omit<RuleRecord, 'id' | 'serial' | 'updatedAt' | 'rule'> & { readonly rule: Omit<RuleRecord['rule'], 'id' | 'version'> };

const GONE = -1;
const ALL = 10_000;
// Huawei is the cloud that has them.
const VERSIONS = huawei.rules as RuleRules;

/**
 * Rules for devices (Huawei 10): each is told the versions of its rules when one changes and when it connects, asks for those that it has not, and gets
 * them. What is no more is told until the device has heard it.
 */
export class DeviceRules {
  readonly #options: DeviceRulesOptions;
  readonly #rules: Records<RuleRecord>;
  readonly #assigned: Records<RuleAssignment>;
  /** Devices that are being told. */
  readonly #flights = new Flights<DeviceRef>();

  constructor(options: DeviceRulesOptions) {
    this.#options = options;
    this.#rules = options.storage.records(RULE_RECORDS);
    this.#assigned = options.storage.records(RULE_ASSIGNMENTS);
    options.peer.handle('rule.request', ({ device, via, body }) => {
      for (const rule of body.removed) if (this.#assigned.get({ device, rule })?.version === GONE) this.#assigned.remove({ device, rule });
      const rules = body.rules.flatMap((id) => {
        const assigned = this.#assigned.get({ device, rule: id });
        const found = assigned === undefined || assigned.version === GONE ? undefined : this.#rules.get({ id });
        return found === undefined ? [] : [found.rule];
      });
      if (body.rules.length > 0) options.peer.send('rule.deliver', { device, via, at: options.clock.now(), body: { rules } });
    });
  }

  create(draft: RuleDraft): RuleRecord {
    this.#check(draft.devices);
    const { storage, clock } = this.#options;
    const id = randomUUID();
    const made: RuleRecord = { ...draft, id, rule: { ...draft.rule, id, version: 0 }, updatedAt: clock.now(), serial: storage.registryStore.nextSerial() };
    this.#rules.put(made);
    this.#assign(made, []);
    return made;
  }

  /** Fails with `not-found`. */
  get(id: string): RuleRecord {
    const found = this.#rules.get({ id });
    if (found === undefined) throw new LianyunError('not-found', `There is no rule ${JSON.stringify(id)}.`);
    return found;
  }

  list(where: Partial<Pick<RuleRecord, 'type' | 'appId'>>, page: PageRequest): Page<RuleRecord> {
    return this.#rules.page(where, page);
  }

  /** Changes a rule; each change is a new version. */
  update(id: string, draft: RuleDraft): RuleRecord {
    const old = this.get(id);
    this.#check(draft.devices);
    const made: RuleRecord = { ...old, ...draft, rule: { ...draft.rule, id, version: (old.rule.version ?? 0) + 1 }, updatedAt: this.#options.clock.now() };
    this.#rules.put(made);
    this.#assign(made, old.devices);
    return made;
  }

  setActive(id: string, isActive: boolean): RuleRecord {
    const old = this.get(id);
    return old.rule.isActive === isActive ? old : this.update(id, { ...old, rule: { ...old.rule, isActive } });
  }

  remove(id: string): void {
    const { devices } = this.get(id);
    this.#rules.remove({ id });
    for (const device of devices) this.#release(device, id);
  }

  /** A device connected: it may have missed something, or forgotten all. */
  cameOnline(device: DeviceRef): void {
    this.#tell(device);
  }

  /** A device is no more: its rules are those of the other devices, and can be changed. */
  forget(device: DeviceRef): void {
    for (const { rule } of this.#of(device)) {
      this.#assigned.remove({ device, rule });
      const found = this.#rules.get({ id: rule });
      if (found !== undefined) this.#rules.put({ ...found, devices: found.devices.filter((each) => each !== device) });
    }
  }

  /** What a device's shadow says of its rules; undefined when it has none. */
  shadow(device: DeviceRef): ShadowService | undefined {
    const assigned = this.#of(device).filter(({ version }) => version !== GONE);
    if (assigned.length === 0) return undefined;
    const { service = '', values } = this.#group(assigned);
    const desiredAt = Math.max(...assigned.map(({ rule }) => this.#rules.get({ id: rule })?.updatedAt ?? 0));
    return { service, desired: values, desiredAt, version: Math.max(...assigned.map(({ version }) => version)) };
  }

  #of(device: DeviceRef): readonly RuleAssignment[] {
    return this.#assigned.page({ device }, { limit: ALL }).items;
  }

  #group(assigned: readonly RuleAssignment[]): PropertyGroup {
    return VERSIONS.writeVersions(new Map(assigned.map(({ rule, version }) => [rule, version])));
  }

  #check(devices: readonly DeviceRef[]): void {
    for (const device of devices) this.#options.registry.device('huawei', device);
  }

  #assign({ id, rule, devices }: RuleRecord, before: readonly DeviceRef[]): void {
    for (const device of devices) {
      this.#put({ device, rule: id, version: rule.version ?? 0 });
      this.#tell(device);
    }
    for (const device of before) if (!devices.includes(device)) this.#release(device, id);
  }

  #release(device: DeviceRef, rule: string): void {
    if (this.#assigned.get({ device, rule }) === undefined) return;
    this.#put({ device, rule, version: GONE });
    this.#tell(device);
  }

  #put(assignment: Omit<RuleAssignment, 'serial'>): void {
    const { serial = this.#options.storage.registryStore.nextSerial() } = this.#assigned.get(assignment) ?? {};
    this.#assigned.put({ ...assignment, serial });
  }

  /** Tells a device what there is for it; one message at a time. */
  #tell(device: DeviceRef): void {
    if (this.#of(device).length > 0 && this.#options.downlink.reaches('huawei', device)) this.#flights.begin(device, () => this.#push(device));
  }

  async #push(device: DeviceRef): Promise<void> {
    const { storage, downlink, problem } = this.#options;
    try {
      // What cannot be stored is not told.
      await storage.stored();
      const told = this.#of(device);
      if (told.length === 0) return;
      const { code, text = 'no text' } = await downlink.setProperties('huawei', device, { id: randomUUID(), groups: [this.#group(told)] });
      if (code !== 0) return problem(new LianyunError('refused', `${device} refused its rules with code ${code}: ${text}.`, { device, number: code }));
      for (const { rule, version } of told) if (version === GONE && this.#assigned.get({ device, rule })?.version === GONE) this.#assigned.remove({ device, rule });
    } catch (error) {
      // It is told again when it connects.
      if (isLianyunError(error, 'timeout')) problem(new LianyunError('timeout', `${device} did not answer what it was told of its rules.`, { device, cause: error }));
    }
  }
}
