// Upgrades between real peers: devices and the platform speak their protocol over links that deliver at once, on a clock that goes when it is told.
import { failedReceipt, huawei, LianyunError, Peer, PendingReceipt, tencent, type Draft, type Frame, type Link, type Message, type Op } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import type { Cloud } from '../access/port.ts';
import { Objects } from '../objects/objects.ts';
import { Origin } from '../objects/origin.ts';
import { GrantSigner } from '../objects/signer.ts';
import { Registry } from '../registry.ts';
import { openStorage, type Storage } from '../storage/storage.ts';
import type { Upgrade } from './upgrade-records.ts';
import { Upgrades } from './upgrades.ts';

const DIALECTS = { huawei, tencent } as const;
/** Product ids, and what a device of number `n` is called. */
export const PRODUCTS = { huawei: 'prod1', tencent: 'PRODUCT001' } as const;
const ref = (cloud: Cloud, n: number | string): string => (cloud === 'huawei' ? `prod1_d${n}` : `PRODUCT001/d${n}`);

/** A device at the end of a link, and what was said to it. */
export class EndDevice {
  readonly heard: { readonly op: Op; readonly message: Message }[] = [];
  /** What a Tencent device subscribes; Huawei's need nothing. */
  isSubscribed = true;
  /** What it does when it is asked or offered something. */
  onQuery: (message: Message<'ota.query'>) => void = () => undefined;
  onOffer: (message: Message<'ota.offer'>) => void = () => undefined;
  readonly peer: Peer;

  constructor(cloud: Cloud, device: string, clock: FakeClock, up: (frame: Frame) => void) {
    const link: Link = {
      send: (_via, frame) => {
        up(frame);
        return settled();
      },
      settle: () => false,
    };
    this.peer = new Peer({
      role: 'device',
      dialect: DIALECTS[cloud],
      link,
      clock,
      onProblem: (problem) => {
        throw problem;
      },
    });
    const hear = <K extends Op>(op: K, run: (message: Message<K>) => void): void => {
      if (!this.peer.supports(op)) return;
      this.peer.handle(op, ((message: Message<K>) => {
        this.heard.push({ op, message });
        run(message);
      }) as never);
    };
    hear('ota.query', (message) => this.onQuery(message));
    hear('ota.offer', (message) => this.onOffer(message));
    hear('ota.version.ack', () => undefined);
  }

  /** What it was told, in order. */
  get ops(): readonly Op[] {
    return this.heard.map(({ op }) => op);
  }

  /** The last offer. */
  get offer(): Message<'ota.offer'>['body'] | undefined {
    return this.heard.findLast(({ op }) => op === 'ota.offer')?.message.body as Message<'ota.offer'>['body'] | undefined;
  }

  tell<K extends 'ota.version' | 'ota.progress'>(op: K, draft: Draft<K>): void {
    this.peer.send(op, draft);
  }
}

export class UpgradeRig implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly changes: Upgrade[] = [];
  readonly problems: LianyunError[] = [];
  readonly devices = new Map<string, EndDevice>();
  readonly #gateways = new Map<string, string>();
  readonly #directory: string | undefined;
  storage: Storage;
  registry: Registry;
  objects: Objects;
  upgrades: Upgrades;

  constructor(directory?: string) {
    this.#directory = directory;
    ({ storage: this.storage, registry: this.registry, objects: this.objects, upgrades: this.upgrades } = this.#open());
    this.registry.createProduct({ cloud: 'huawei', productId: PRODUCTS.huawei, name: 'p' });
    this.registry.createProduct({ cloud: 'tencent', productId: PRODUCTS.tencent, name: 'p' });
  }

  #open() {
    const { clock } = this;
    const storage = openStorage({ directory: this.#directory, clock });
    const registry = new Registry({ store: storage.registryStore, clock });
    const objects = new Objects({ storage, clock });
    const peers = { huawei: this.#peer('huawei'), tencent: this.#peer('tencent') };
    this.#receive = (cloud, via, { topic, payload }) => void peers[cloud].receive(topic, Buffer.from(payload), via);
    const upgrades = new Upgrades({
      storage, registry, objects, clock, peers,
      signer: new GrantSigner('key'),
      origin: new Origin({ localAddress: () => '10.0.0.1', client: () => undefined }, undefined),
      downlink: { route: (cloud, device) => (this.devices.has(`${cloud} ${this.#gateways.get(device) ?? device}`) ? (this.#gateways.get(device) ?? device) : undefined) },
      onUpgrade: (upgrade) => this.changes.push(upgrade),
      problem: (problem) => this.problems.push(problem),
    });
    return { storage, registry, objects, upgrades };
  }

  #receive: (cloud: Cloud, via: string, frame: Frame) => void = () => undefined;

  #peer(cloud: Cloud): Peer {
    const link: Link = {
      send: (via, frame) => {
        const device = this.devices.get(`${cloud} ${via}`);
        if (device === undefined) return failedReceipt(new LianyunError('offline', 'offline'));
        if (!device.isSubscribed) return failedReceipt(new LianyunError('unsupported', 'not subscribed'));
        void device.peer.receive(frame.topic, Buffer.from(frame.payload), via);
        return settled();
      },
      settle: () => false,
    };
    return new Peer({ role: 'platform', dialect: DIALECTS[cloud], link, clock: this.clock, onProblem: (problem) => this.problems.push(problem) });
  }

  /** Registers a device. */
  device(cloud: Cloud, n: number | string, gateway?: string): string {
    const device = ref(cloud, n);
    this.registry.createDevice({ cloud, productId: PRODUCTS[cloud], nodeId: `d${n}`, ...(gateway === undefined ? {} : { gateway }) });
    if (gateway !== undefined) this.#gateways.set(device, gateway);
    return device;
  }

  /** A device connects; its behaviour can be set before the platform hears of it. */
  connect(cloud: Cloud, device: string, prepare: (end: EndDevice) => void = () => undefined): EndDevice {
    const end = new EndDevice(cloud, device, this.clock, (frame) => this.#receive(cloud, device, frame));
    prepare(end);
    this.devices.set(`${cloud} ${device}`, end);
    this.upgrades.cameOnline(cloud, device);
    return end;
  }

  disconnect(cloud: Cloud, device: string): void {
    this.devices.delete(`${cloud} ${device}`);
  }

  /** A package with some bytes. */
  async pack(cloud: Cloud, version: string, more: object = {}): Promise<string> {
    return (await this.upgrades.packages.add({ cloud, productId: PRODUCTS[cloud], kind: 'firmware', version, source: { bytes: [Buffer.from(`image ${version}`)], fileName: 'fw.bin' }, ...more })).id;
  }

  /** Every stage that a device's upgrades went through. */
  stages(device: string): readonly string[] {
    return this.changes.filter((change) => change.device === device).map(({ stage }) => stage);
  }

  /** What must happen in later microtasks has happened. */
  async settle(): Promise<void> {
    for (let each = 0; each < 20; each++) await Promise.resolve();
    await this.storage.stored();
    for (let each = 0; each < 20; each++) await Promise.resolve();
  }

  /** The platform's process ends, and another begins on the same folder. */
  async restart(): Promise<void> {
    this.devices.clear();
    this.upgrades.close();
    await this.storage.close();
    ({ storage: this.storage, registry: this.registry, objects: this.objects, upgrades: this.upgrades } = this.#open());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.upgrades.close();
    await this.storage.close();
    if (this.clock.timers > 0) throw new Error(`${this.clock.timers} timers are left`);
  }
}

function settled(): PendingReceipt {
  const receipt = new PendingReceipt();
  receipt.markDelivered();
  return receipt;
}
