import type { KeyObject } from 'node:crypto';
import { Device, huawei, tencent, type CommandCall, type JsonObject, type PropertyGroup, type PropertySet } from 'lianyun';
import { InstalledSampler } from './installed-sampler.ts';

/** Seconds between reports until the cloud sets something else. */
const FIRST_INTERVAL = 5;

/** The things of the two clouds. */
export type HuaweiThing = Thing<Device<typeof huawei>>;
export type TencentThing = Thing<Device<typeof tencent>>;

/** The common face of the two devices, as the tour needs it. */
type AnyThing = Pick<Device<typeof huawei> | Device<typeof tencent>, 'properties' | 'commands' | 'events' | 'ota' | 'connect' | 'close'>;

/** Whose samplers a thing takes. */
export interface Trust {
  readonly publicKey: KeyObject;
  /** What the maker says of a version; Huawei's offers carry it, Tencent's have no place for it. */
  signatureOf(version: string): string;
}

interface ThingOptions<D> {
  readonly device: D;
  readonly sampler: InstalledSampler;
  readonly trust: Trust;
  readonly service?: string;
  /** Tells the cloud which sampler runs. */
  tellVersion(version: string): void;
}

/** This machine as a thing on one cloud: it reports its figures, takes an interval, and answers which processes are busiest. */
export class Thing<D extends AnyThing = AnyThing> {
  readonly device: D;
  readonly sampler: InstalledSampler;
  readonly #service: string | undefined;
  #interval = FIRST_INTERVAL;
  #timer: NodeJS.Timeout | undefined;

  constructor({ device, sampler, trust, service, tellVersion }: ThingOptions<D>) {
    this.device = device;
    this.sampler = sampler;
    this.#service = service;
    const { properties, commands, ota }: AnyThing = device;
    properties.onSet((set) => this.#set(set));
    commands.handle('top', (call) => this.#top(call));
    const { publicKey } = trust;
    ota.install({ ...sampler.installOptions(tellVersion), publicKey, signature: ({ version }) => trust.signatureOf(version) });
    tellVersion(sampler.version);
  }

  get interval(): number {
    return this.#interval;
  }

  /** Reports the figures of now. Resolves when the cloud has taken them. */
  async report(): Promise<PropertyGroup> {
    const group = await this.group();
    await this.device.properties.report(group).delivered;
    return group;
  }

  /** Tells that the machine is busy. Resolves when the cloud has taken it. */
  async alert(): Promise<JsonObject> {
    const { load } = await this.sampler.sample();
    const params = { load };
    // Each cloud takes its own part: Huawei the service, Tencent the severity.
    await this.device.events.post({ ...(this.#service === undefined ? {} : { service: this.#service }), name: 'busy', severity: 'alert', params }).delivered;
    return params;
  }

  /** Reports again and again, at the interval that is set. */
  start(onProblem: (error: unknown) => void): void {
    this.#timer = setTimeout(() => {
      this.report().catch(onProblem);
      this.start(onProblem);
    }, this.#interval * 1000);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.device.close({ drainMs: 1000 });
    await this.sampler[Symbol.asyncDispose]();
  }

  /** The figures of now. */
  async group(): Promise<PropertyGroup> {
    const values: JsonObject = { ...(await this.sampler.sample()), interval: this.#interval };
    return this.#service === undefined ? { values } : { service: this.#service, values };
  }

  async #set({ groups }: PropertySet): Promise<void> {
    for (const { values } of groups) {
      const seconds = values['interval'];
      if (typeof seconds !== 'number') continue;
      this.#interval = seconds;
    }
    await this.report();
  }

  async #top({ args }: CommandCall): Promise<JsonObject> {
    const count = args['count'];
    const busiest = await this.sampler.busiest(typeof count === 'number' ? count : 5);
    return { processes: busiest.map(({ cpu, pid, name }) => `${cpu}% ${pid} ${name}`).join('; ').slice(0, 2000) };
  }
}

interface Machine {
  /** Where devices connect, `mqtt://host:port`. */
  readonly server: string;
  /** Where its sampler and upgrades are kept. */
  readonly directory: string;
  readonly trust: Trust;
}

/** This machine on Huawei's cloud. */
export async function huaweiThing({ server, directory, trust, deviceId, secret }: Machine & { readonly deviceId: string; readonly secret: string }): Promise<HuaweiThing> {
  const device = new Device({ dialect: huawei, identity: { deviceId, secret }, server, proxy: false });
  const sampler = await InstalledSampler.open(directory);
  const thing = new Thing({ device, sampler, trust, service: 'machine', tellVersion: (version) => device.ota.report({ software: version }) });
  device.properties.onGet(async () => [await thing.group()]);
  device.messages.onMessage(async (message) => {
    if ('content' in message) await device.messages.send({ name: 'echo', content: message.content }).delivered;
  });
  return thing;
}

/** This machine on Tencent's cloud. */
export async function tencentThing({ server, directory, trust, productId, deviceName, deviceSecret }: Machine & { readonly productId: string; readonly deviceName: string; readonly deviceSecret: string }): Promise<TencentThing> {
  const device = new Device({ dialect: tencent, identity: { productId, deviceName, deviceSecret }, server, proxy: false });
  const sampler = await InstalledSampler.open(directory);
  return new Thing({ device, sampler, trust, tellVersion: (version) => device.ota.report({ firmware: version }) });
}
