// How the cases of Huawei's transcripts become calls of the face: a table from each api, and listeners that do what the recorded program did.
import path from 'node:path';
import { ClientConf, IotDevice, type ConnectAuthInfo } from 'lianyun/huawei';
import { foreignAuthority } from '../material.ts';
import { UnknownCase, type Stage, type StageOptions } from '../replay.ts';
import type { Case } from '../transcript.ts';
import { shown } from '../words.ts';
import { CALLS } from './calls.ts';
import { GoldenGateway, isGateway } from './gateway.ts';
import { Listeners } from './listeners.ts';
import { SHOWN, type Call, type Scene } from './scene.ts';
import { addServices, hasServices, Smoke } from './services.ts';

/** The device of the transcripts. */
export const DEVICE = { id: 'product01_device01', secret: 'GoldenSecret123', host: 'iot-mqtts.example.com' } as const;
/** Scenarios whose cases connect by themselves. */
const CONNECTS = /connect|destroy|__init__/;

export class HuaweiStage implements Stage, Scene {
  readonly options: StageOptions;
  readonly listeners: Listeners;
  device: IotDevice | undefined;

  private constructor(options: StageOptions) {
    this.options = options;
    this.listeners = new Listeners(this);
  }

  /** A scenario that does not begin with a connection found the device connected. */
  static async open(options: StageOptions): Promise<HuaweiStage> {
    const stage = new HuaweiStage(options);
    const [first] = options.cases;
    if (first !== undefined && !CONNECTS.test(first.api)) {
      const connecting = stage.connect({ ...(first.call['qos'] === 0 ? { qos: 0 } : {}) });
      for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
      await connecting;
    }
    return stage;
  }

  shown(value: unknown): unknown {
    return shown(value, SHOWN);
  }

  /** The device, which has to be there. */
  get connected(): IotDevice {
    if (this.device === undefined) throw new UnknownCase('the case needs a device that an earlier one connects');
    return this.device;
  }

  make(call: Readonly<Record<string, unknown>>): IotDevice {
    const { keepalive, qos, timeout, ...auth } = call;
    const conf = new ClientConf({
      connectAuthInfo: { id: DEVICE.id, secret: DEVICE.secret, serverUri: DEVICE.host, port: 1883, ...this.#authOf(auth) },
      mqttConnectConf: given({ keepAliveTime: keepalive, qos, timeout }),
    });
    const { cases, clock } = this.options;
    const device = isGateway(cases) ? new GoldenGateway(this, conf, { clock }) : new IotDevice(conf, { clock });
    if (hasServices(cases)) addServices(this, device);
    return device;
  }

  async connect(call: Readonly<Record<string, unknown>>): Promise<number> {
    const { via, ...rest } = call;
    // The vendor's way to make a device by its certificate forgot to say so.
    const device = this.make(via === 'create_by_certificate' ? { ...rest, auth_type: 1, secret: null, cert_path: 'tls/client.pem', key_path: 'tls/client.key', iot_cert_path: 'tls/ca.pem', port: 8883 } : rest);
    this.listeners.forget();
    await this.device?.destroy();
    this.device = device;
    this.listeners.watch(device);
    return await device.connect();
  }

  /** Puts another device in the place of this one, before the case's own observations unless they hold it. */
  async another(call: Readonly<Record<string, unknown>>, { isRecorded = false }: { readonly isRecorded?: boolean } = {}): Promise<void> {
    this.listeners.forget();
    await this.device?.destroy();
    this.device = undefined;
    const { recorder } = this.options.wire;
    if (isRecorded) recorder.take();
    const device = this.make(call);
    this.device = device;
    await device.connect();
    if (isRecorded) return;
    // Its log of the connection arrives.
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
    recorder.take();
  }

  async before(recorded: Case): Promise<void> {
    this.listeners.prepare(recorded);
    const service = this.device?.getService('smokeDetector');
    if (service instanceof Smoke) service.prepare(recorded);
    // The recorded program dialled, so the authority's file was there: one that did not sign the server's certificate.
    const { iot_cert_path: file } = recorded.call;
    if (typeof file === 'string' && recorded['dial'] !== undefined) await foreignAuthority(path.join(this.options.directory, file));
  }

  play(recorded: Case): unknown {
    const call: Call | undefined = CALLS[recorded.api];
    if (call === undefined) throw new UnknownCase(recorded.api);
    return call(this, recorded);
  }

  isWaiting(recorded: Case): boolean {
    // What the network did is over when the device is back, and so is a sign-in that was refused at first.
    const endsOnline = recorded.api.startsWith('(') || (recorded.connack !== undefined && JSON.stringify(recorded['callbacks'] ?? []).includes('connect_complete'));
    const at = this.device?.device.state.at;
    return endsOnline && at !== 'online' && at !== 'closed';
  }

  async close(): Promise<void> {
    await this.device?.destroy();
  }

  #authOf(auth: Readonly<Record<string, unknown>>): Partial<ConnectAuthInfo> {
    const named = Object.entries(auth).map(([name, value]): [string, unknown] => {
      const member = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
      return [member, typeof value === 'string' && /Path$/.test(member) ? path.join(this.options.directory, value) : value];
    });
    // Members of the recorded call have the types of the vendor's program, wrong ones on purpose.
    return Object.fromEntries(named);
  }
}

const given = (members: Record<string, unknown>): object => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
