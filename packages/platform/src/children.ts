import { codecOf, isLianyunError, LianyunError, rightsOf, type ChildInfo, type Clock, type DeviceRef, type Peer, type TopicKind } from '@lianyun/protocol';
import { DIALECTS } from './admission.ts';
import type { AccessPort, Cloud, OfflineReason } from './access/port.ts';
import type { ListChange } from './gateway-lists.ts';
import type { Device } from './records.ts';
import type { Registry } from './registry.ts';
import type { Storage } from './storage/storage.ts';

/** What the rest of the platform tells when devices get or lose a gateway, so that the gateway hears of it. */
export interface Topology {
  /** Devices were put under a gateway. */
  added(cloud: Cloud, gateway: DeviceRef, children: readonly Device[]): void;
  /** Devices were taken from a gateway, or are to be: those that are still its own are parted from it. */
  removed(cloud: Cloud, gateway: DeviceRef, children: readonly Device[]): void;
  /** A device that may have been a gateway is no more. */
  forget(cloud: Cloud, gateway: DeviceRef): void;
}

export interface ChildrenOptions {
  readonly peers: Readonly<Record<Cloud, Peer>>;
  readonly access: AccessPort;
  readonly registry: Registry;
  readonly storage: Storage;
  readonly clock: Clock;
  cameOnline(cloud: Cloud, device: DeviceRef): void;
  wentOffline(cloud: Cloud, device: DeviceRef, reason: OfflineReason): void;
  /** A Huawei device of which something is desired reported through its gateway. */
  onReported(device: DeviceRef): void;
  problem(problem: LianyunError): void;
}

/** Devices in one notice: some 200 bytes each, far below what a frame may hold. */
const MAX_NOTICE = 500;

/** Gateways and their sub-devices on both clouds. */
export class Children implements Topology {
  readonly #options: ChildrenOptions;
  /** The notice under way to each gateway: the next goes behind it, so that a long list waits here and not in the connection's buffer. */
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(options: ChildrenOptions) {
    this.#options = options;
  }

  added(cloud: Cloud, gateway: DeviceRef, children: readonly Device[]): void {
    this.#changed(cloud, gateway, 'added', children);
  }

  removed(cloud: Cloud, gateway: DeviceRef, children: readonly Device[]): void {
    for (const { device } of children) this.release(cloud, device);
    this.#changed(cloud, gateway, 'removed', children);
  }

  /** Whether a device connects through that gateway. */
  isChild(cloud: Cloud, gateway: DeviceRef, device: DeviceRef): boolean {
    return this.#options.registry.findDevice(cloud, device)?.gateway === gateway;
  }

  /** Whether a gateway may speak for a device: one of its own that is not disabled. */
  carries(cloud: Cloud, gateway: DeviceRef, device: DeviceRef): boolean {
    const found = this.#options.registry.findDevice(cloud, device);
    return found?.gateway === gateway && found.enabled;
  }

  /** What a topic is when a connection publishes there. Nearly everybody publishes as itself; only who does not is asked for whom it speaks. */
  kindOf(cloud: Cloud, device: DeviceRef, topic: string): TopicKind {
    const rights = rightsOf(DIALECTS[cloud]);
    let kind = rights.kindOf(topic, device);
    if (kind !== 'forbidden') return kind;
    for (const each of this.speaksFor(cloud, device, topic)) {
      kind = rights.kindOf(topic, each);
      if (kind !== 'forbidden') break;
    }
    return kind;
  }

  /** The devices for which a connection speaks on topics of their own: itself and, where sub-devices have some, those online that `topic` names (Tencent 3.8; Huawei only where a row says so). */
  *speaksFor(cloud: Cloud, device: DeviceRef, topic: string): Iterable<DeviceRef> {
    yield device;
    // A device's name stands in its topics as it is written: on Tencent product and device, side by side.
    if (cloud === 'huawei' && !codecOf(DIALECTS.huawei).isOpenToGateways(topic)) return;
    const segments = topic.split('/');
    for (let at = 1; at < segments.length; at++) {
      const child = this.#options.registry.findDevice(cloud, cloud === 'huawei' ? (segments[at] ?? '') : `${segments[at - 1]}/${segments[at]}`);
      if (child?.gateway === device && (cloud === 'huawei' || child.onlineSince !== undefined)) yield child.device;
    }
  }

  /** A gateway brought a sub-device online, or took it offline. */
  setOnline(cloud: Cloud, device: DeviceRef, isOnline: boolean, reason: OfflineReason = 'client-disconnect'): void {
    const { registry, clock, cameOnline, wentOffline } = this.#options;
    const { onlineSince, enabled } = registry.device(cloud, device);
    if ((onlineSince !== undefined) === isOnline || (isOnline && !enabled)) return;
    if (isOnline) {
      registry.cameOnline(cloud, device, clock.now());
      cameOnline(cloud, device);
    } else {
      registry.wentOffline(cloud, device, clock.now());
      wentOffline(cloud, device, reason);
    }
  }

  /** Parts a device from its gateway, if it is still there. */
  release(cloud: Cloud, device: DeviceRef): void {
    const { registry } = this.#options;
    if (registry.findDevice(cloud, device)?.gateway === undefined) return;
    this.setOnline(cloud, device, false);
    registry.release(cloud, device);
  }

  /** A gateway signed in: what it brought online before is online again (Tencent 3.1). On Huawei sub-devices keep their state (9.1). */
  gatewayCame(cloud: Cloud, gateway: DeviceRef): void {
    for (const child of this.#options.registry.childrenOf(cloud, gateway)) if (child.wantsOnline === true) this.setOnline(cloud, child.device, true);
  }

  /** A gateway's connection ended: on Tencent its sub-devices are offline with it (3.1). */
  gatewayWent(cloud: Cloud, gateway: DeviceRef, reason: OfflineReason): void {
    if (cloud === 'huawei') return;
    for (const child of this.#options.registry.childrenOf(cloud, gateway)) this.setOnline(cloud, child.device, false, reason);
  }

  /** Tells a gateway what changed since a version: the changes if they are still known, else the whole list (Huawei 9.2). */
  sync(gateway: DeviceRef, since: number): void {
    const { registry, storage: { gatewayLists } } = this.#options;
    const all = registry.childrenOf('huawei', gateway);
    // Sub-devices that were there from the beginning make the first version.
    const version = this.#versionOf(gateway, all.length > 0 ? 1 : 0);
    if (since === version) return;
    const missed = since > 0 && since < version ? gatewayLists.since(gateway, since) : [];
    if (missed.length > 0 && missed.length === version - since) return this.#whenStored(() => missed.forEach((change) => this.#tell('huawei', gateway, change)));
    const infos = all.map(infoOf);
    this.#whenStored(() => {
      // Only the last part carries the version: a gateway ignores what is not newer than what it has.
      for (let at = 0; at === 0 || at < infos.length; at += MAX_NOTICE) {
        this.#tell('huawei', gateway, { version: at + MAX_NOTICE < infos.length ? 0 : version, change: 'added', children: infos.slice(at, at + MAX_NOTICE) });
      }
    });
  }

  forget(cloud: Cloud, gateway: DeviceRef): void {
    if (cloud === 'huawei') this.#options.storage.gatewayLists.delete(gateway);
  }

  #changed(cloud: Cloud, gateway: DeviceRef, change: 'added' | 'removed', devices: readonly Device[]): void {
    if (devices.length === 0) return;
    if (cloud === 'tencent') return this.#notify(cloud, gateway, { version: 0, change, children: devices.map(({ device }) => ({ device })) });
    const children = devices.map((device) => infoOf({ ...device, gateway }));
    // Those that were there before the first change count as a version of their own.
    const { registry, storage: { gatewayLists } } = this.#options;
    const before = registry.childrenOf(cloud, gateway).length - (change === 'added' ? devices.length : -devices.length);
    const entry: ListChange = { version: this.#versionOf(gateway, before > 0 ? 1 : 0) + 1, change, children };
    gatewayLists.add(gateway, entry);
    this.#notify(cloud, gateway, entry);
  }

  /** The version of a gateway's list, `first` if it has had none. */
  #versionOf(gateway: DeviceRef, first: number): number {
    const { gatewayLists } = this.#options.storage;
    const version = gatewayLists.version(gateway);
    if (version === undefined) gatewayLists.begin(gateway, first);
    return version ?? first;
  }

  /** A gateway that asked for the change itself has its answer before it is told (Huawei 9.3): both wait for the same, and this a turn longer. */
  #notify(cloud: Cloud, gateway: DeviceRef, change: ListChange): void {
    this.#whenStored(() => void setImmediate(() => this.#tell(cloud, gateway, change)));
  }

  #whenStored(run: () => void): void {
    const stored = this.#options.storage.stored();
    if (stored === undefined) run();
    // Else it did not happen, and the storage has told so.
    else stored.then(run, () => undefined);
  }

  #tell(cloud: Cloud, gateway: DeviceRef, change: ListChange): void {
    const key = `${cloud} ${gateway}`;
    const before = this.#underWay.get(key);
    const sending = before === undefined ? this.#send(cloud, gateway, change) : before.then(() => this.#send(cloud, gateway, change));
    this.#underWay.set(key, sending);
    void sending.then(() => {
      if (this.#underWay.get(key) === sending) this.#underWay.delete(key);
    });
  }

  async #send(cloud: Cloud, gateway: DeviceRef, { version, change, children }: ListChange): Promise<void> {
    const { peers, access, clock, problem } = this.#options;
    // One that is not connected asks when it is back.
    if (!access.isOnline(cloud, gateway)) return;
    const body = { change, children, ...(cloud === 'huawei' ? { version } : {}) };
    try {
      await peers[cloud].send('child.notify', { device: gateway, body, at: clock.now() }).delivered;
    } catch (error) {
      if (isLianyunError(error, 'offline')) return;
      problem(new LianyunError('refused', `${gateway} was not told which sub-devices it has: ${error instanceof Error ? error.message : String(error)}`, { device: gateway, cause: error }));
    }
  }
}

/** A sub-device as Huawei describes it to its gateway (5.5). */
export function infoOf({ device, gateway, nodeId, productId, name, description, onlineSince, extensionInfo }: Device): ChildInfo {
  return {
    device,
    node: nodeId,
    product: productId,
    name,
    status: onlineSince === undefined ? 'OFFLINE' : 'ONLINE',
    ...(gateway === undefined ? {} : { gateway }),
    ...(description === undefined ? {} : { description }),
    ...(extensionInfo === undefined ? {} : { info: extensionInfo }),
  };
}
