import { Device, huawei, tencent, type CommandCall, type JsonObject, type PropertyGroup, type PropertySet } from 'lianyun';
import type { Machine } from './machine.ts';

/** Seconds between reports until the cloud sets something else. */
const FIRST_INTERVAL = 5;

/** The things of the two clouds. */
export type HuaweiThing = Thing<Device<typeof huawei>>;
export type TencentThing = Thing<Device<typeof tencent>>;

/** The common face of the two devices, as the tour needs it. */
type AnyThing = Pick<Device<typeof huawei> | Device<typeof tencent>, 'properties' | 'commands' | 'events' | 'connect' | 'close'>;

/** This machine as a thing on one cloud: it reports its figures, takes an interval, and answers which processes are busiest. */
export class Thing<D extends AnyThing = AnyThing> {
  readonly device: D;
  readonly #machine: Machine;
  readonly #service: string | undefined;
  #interval = FIRST_INTERVAL;
  #timer: NodeJS.Timeout | undefined;
  readonly #onInterval: (seconds: number) => void;

  constructor(options: { readonly device: D; readonly machine: Machine; readonly service?: string; onInterval?(seconds: number): void }) {
    this.device = options.device;
    this.#machine = options.machine;
    this.#service = options.service;
    this.#onInterval = (seconds) => options.onInterval?.(seconds);
    const { properties, commands }: AnyThing = this.device;
    properties.onSet((set) => this.#set(set));
    commands.handle('top', (call) => this.#top(call));
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
    const { load } = await this.#machine.sample();
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
  }

  /** The figures of now. */
  async group(): Promise<PropertyGroup> {
    const values: JsonObject = { ...(await this.#machine.sample()), interval: this.#interval };
    return this.#service === undefined ? { values } : { service: this.#service, values };
  }

  async #set({ groups }: PropertySet): Promise<void> {
    for (const { values } of groups) {
      const seconds = values['interval'];
      if (typeof seconds !== 'number') continue;
      this.#interval = seconds;
      this.#onInterval(seconds);
    }
    await this.report();
  }

  async #top({ args }: CommandCall): Promise<JsonObject> {
    const count = args['count'];
    const busiest = await this.#machine.busiest(typeof count === 'number' ? count : 5);
    return { processes: busiest.map(({ cpu, pid, name }) => `${cpu}% ${pid} ${name}`).join('; ').slice(0, 2000) };
  }
}

/** This machine on Huawei's cloud. */
export function huaweiThing(options: { readonly server: string; readonly deviceId: string; readonly secret: string; readonly machine: Machine }): HuaweiThing {
  const device = new Device({ dialect: huawei, identity: { deviceId: options.deviceId, secret: options.secret }, server: options.server });
  const thing = new Thing({ device, machine: options.machine, service: 'machine' });
  device.properties.onGet(async () => [await thing.group()]);
  device.messages.onMessage(async (message) => {
    if ('content' in message) await device.messages.send({ name: 'echo', content: message.content }).delivered;
  });
  return thing;
}

/** This machine on Tencent's cloud. */
export function tencentThing(options: { readonly server: string; readonly productId: string; readonly deviceName: string; readonly deviceSecret: string; readonly machine: Machine }): TencentThing {
  const { productId, deviceName, deviceSecret } = options;
  const device = new Device({ dialect: tencent, identity: { productId, deviceName, deviceSecret }, server: options.server });
  return new Thing({ device, machine: options.machine });
}
