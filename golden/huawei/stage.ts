// How the cases of Huawei's transcripts become calls of the face: a table from each api, and listeners that do what the recorded program did.
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ClientConf, IotDevice, type ConnectAuthInfo } from 'lianyun/huawei';
import { deviceIn, isGateway } from '../history.ts';
import { foreignAuthority } from '../material.ts';
import { UnknownCase, type Stage, type StageOptions } from '../replay.ts';
import type { Case } from '../transcript.ts';
import { shown } from '../words.ts';
import { CALLS } from './calls.ts';
import { GoldenGateway } from './gateway.ts';
import { hostIn } from './host.ts';
import { Listeners } from './listeners.ts';
import { SHOWN, type Call, type Scene } from './scene.ts';
import { addServices, hasServices, Smoke } from './services.ts';

/** Nothing shows the secret of the recorded device: its password is different in every hour. */
const SECRET = 'GoldenSecret123';

/** Where the vendor's program keeps what the bootstrap server said. */
const SERVER_INFO = 'server_info.json';
/** Whether the recorded program ran device-side rules. */
const runsRules = (cases: readonly Case[]): boolean => cases.some(({ api }) => /device_rule|rule engine/.test(api));
/** Scenarios whose cases connect by themselves. */
const CONNECTS = /connect|destroy|__init__/;

export class HuaweiStage implements Stage, Scene {
  readonly options: StageOptions;
  readonly listeners: Listeners;
  device: IotDevice | undefined;
  readonly #own: { readonly id: string; readonly serverUri: string };

  private constructor(options: StageOptions) {
    this.options = options;
    this.#own = { id: deviceIn(options.cases), serverUri: hostIn(options.cases) };
    this.listeners = new Listeners(this);
  }

  /** A scenario that does not begin with a connection found the device connected. */
  static async open(options: StageOptions): Promise<HuaweiStage> {
    const stage = new HuaweiStage(options);
    const [first] = options.cases;
    if (first !== undefined && !CONNECTS.test(first.api)) {
      const connecting = stage.connect({ ...(first.call['qos'] === 0 ? { qos: 0 } : {}) });
      await connecting;
      for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return stage;
  }

  async file(named: unknown): Promise<string> {
    const told = typeof named === 'string' ? /content (".*")/s.exec(named)?.[1] : undefined;
    if (typeof named === 'string' && told === undefined) return named;
    const place = path.join(this.options.directory, 'uploaded.txt');
    await writeFile(place, told === undefined ? 'golden file content\n' : (JSON.parse(told) as string));
    return place;
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
    const { cases, clock, directory } = this.options;
    const conf = new ClientConf({
      connectAuthInfo: { ...this.#own, secret: SECRET, port: 1883, serverInfoPath: path.join(directory, SERVER_INFO), enableRuleManage: runsRules(cases), ...this.#authOf(auth) },
      mqttConnectConf: given({ keepAliveTime: keepalive, qos, timeout }),
    });
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
    // It dialled, and neither a connection nor a handshake came of it.
    this.options.wire.isDown = recorded['dial'] !== undefined && recorded['connect'] === undefined && recorded['tlsErrors'] === undefined && recorded['returns'] === -1;
    await this.#prepareBootstrap(recorded);
    // The recorded program dialled, so the authority's file was there: one that did not sign the server's certificate.
    const { iot_cert_path: file } = recorded.call;
    if (typeof file === 'string' && recorded['dial'] !== undefined) await foreignAuthority(path.join(this.options.directory, file));
  }

  /** What was kept of an earlier bootstrap is there only where the recorded program used it: it then dialled once. What the server said is read from what was kept of it. */
  async #prepareBootstrap(recorded: Case): Promise<void> {
    if (!recorded.api.includes('bootstrap')) return;
    const file = path.join(this.options.directory, SERVER_INFO);
    const kept = recorded[SERVER_INFO] as { server_uri?: string; port?: number; secret?: string | null } | null | undefined;
    const dials = (recorded['dial'] ?? []) as unknown[];
    if (dials.length !== 1 || kept === null || kept === undefined) await rm(file, { force: true });
    this.options.wire.respond = (topic) => {
      if (!topic.endsWith('/bootstrap/up') || kept === null || kept === undefined) return [];
      const payload = { address: `${kept.server_uri ?? ''}:${kept.port ?? 0}`, ...(typeof kept.secret === 'string' ? { deviceSecret: kept.secret } : {}) };
      return [{ topic: topic.replace(/up$/, 'down'), qos: 0, payload }];
    };
  }

  /** What is kept of a bootstrap. */
  async observe(recorded: Case): Promise<Record<string, unknown>> {
    if (!(SERVER_INFO in recorded)) return {};
    const text = await readFile(path.join(this.options.directory, SERVER_INFO), 'utf8').catch(() => undefined);
    if (text === undefined) return { [SERVER_INFO]: null };
    return { [SERVER_INFO]: JSON.parse(text) as unknown };
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
