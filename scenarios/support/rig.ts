// A platform on free ports of this machine, with devices and foreign clients; at its end everything is closed, and nothing may be left.
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseExact, stringifyExact, systemClock, type Clock, type JsonObject, type LianyunError } from '@lianyun/protocol';
import { accessKeysOf, applySeed, openAuthority, Platform, readSeed, signHuawei, signTencent, type Authority, type Notice, type PlatformPorts, type Storage } from '@lianyun/platform';
import type { DeviceEvents } from 'lianyun';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { SEED, type AnyDevice, type Cloud, type Lamp, type Options } from './clouds.ts';
import type { Credentials } from './credentials.ts';
import { CountedClock, openHandles, settledHandles } from './handles.ts';
import { Log } from './log.ts';

const HOST = '127.0.0.1';

/** An API's answer. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Resolves with what MQTT.js tells at the next event of a kind; its type is no EventEmitter, so events.once() does not take it. */
export function happens(client: MqttClient, event: 'close' | 'message'): Promise<readonly unknown[]> {
  return new Promise((resolve) => client.once(event, (...told: readonly unknown[]) => resolve(told)));
}

/** How devices connect. */
export type Over = 'mqtt' | 'mqtts' | 'ws' | 'wss';

export interface RigOptions {
  readonly clock?: Clock;
  readonly seed?: string;
  readonly mqtt?: number;
  readonly storage?: Storage;
  /** Where devices and applications are told that the HTTP port is, where something stands before it. */
  readonly publicUrl?: string;
  /** `mqtt` when left out; over TLS the platform has certificates of an authority of its own. */
  readonly over?: Over;
  /** What its devices speak; 3.1.1 when left out. */
  readonly mqttVersion?: 4 | 5;
  /** The platform's; its own, made when it is first asked for, when left out. */
  readonly authority?: Authority;
}

/** What is told of a device. */
interface Told {
  readonly problems: Log<LianyunError>;
  readonly offline: Log<DeviceEvents['offline'][0]>;
}

export class Rig implements AsyncDisposable {
  readonly platform: Platform;
  readonly notices = new Log<Notice>();
  readonly problems = new Log<LianyunError>();
  ports: PlatformPorts = { mqtt: 0, http: 0 };
  /** How its devices connect. */
  over: Over = 'mqtt';
  /** The clock of the platform. */
  readonly clock: CountedClock;
  readonly #deviceClock = new CountedClock(systemClock);
  readonly #before = openHandles();
  readonly #devices: AnyDevice[] = [];
  readonly #clients: MqttClient[] = [];
  readonly #told = new WeakMap<AnyDevice, Told>();
  #folder: string | undefined;
  #authority: Authority | undefined;
  #mqttVersion: 4 | 5 | undefined;

  private constructor({ clock, seed, storage, publicUrl }: { readonly clock: Clock; readonly seed: string; readonly storage?: Storage | undefined; readonly publicUrl?: string | undefined }) {
    this.clock = new CountedClock(clock);
    const { seed: own } = readSeed(JSON.stringify(SEED), 'rig');
    this.platform = new Platform({ keys: accessKeysOf(own), projectId: SEED.huawei.projectId, clock: this.clock, ...(storage && { storage }), ...(publicUrl !== undefined && { publicUrl }) });
    applySeed(readSeed(seed, 'seed'), this.platform);
    this.platform.on('notice', this.notices.add);
    this.platform.on('problem', this.problems.add);
  }

  /**
   * Opens a platform with the lamps of the seed, or with what another seed says; the access keys are the same. `clock` is the
   * platform's; the devices have the machine's own. Whoever opened `storage` closes it, after the rig.
   */
  static async open({ clock = systemClock, seed = JSON.stringify(SEED), mqtt = 0, storage, publicUrl, over = 'mqtt', mqttVersion, authority }: RigOptions = {}): Promise<Rig> {
    const rig = new Rig({ clock, seed, storage, publicUrl });
    rig.#authority = authority;
    rig.over = over;
    rig.#mqttVersion = mqttVersion;
    const secure = over === 'mqtt' || over === 'ws' ? {} : { mqtts: 0, https: 0, authority: rig.authority };
    rig.ports = await rig.platform.listen({ host: HOST, mqtt, http: 0, ...secure });
    return rig;
  }

  get mqttPort(): number {
    return this.ports.mqtt;
  }

  get httpPort(): number {
    return this.ports.http;
  }

  /** The platform's certificate authority, made when it is first asked for. */
  get authority(): Authority {
    if (this.#authority !== undefined) return this.#authority;
    this.#folder = mkdtempSync(path.join(tmpdir(), 'lianyun-rig-'));
    return (this.#authority = openAuthority({ directory: this.#folder, hosts: [], clock: this.clock }));
  }

  /** Where devices connect. */
  get server(): string {
    const ports = { mqtt: this.ports.mqtt, mqtts: this.ports.mqtts, ws: this.ports.http, wss: this.ports.https };
    return `${this.over}://${HOST}:${ports[this.over] ?? 0}`;
  }

  /** What a device needs to connect there. */
  get options(): Options {
    return { clock: this.#deviceClock, ...(this.#mqttVersion && { mqttVersion: this.#mqttVersion }), ...(this.over === 'mqtt' || this.over === 'ws' ? {} : { tls: { ca: this.authority.file } }) };
  }

  /** Takes a device into the rig: what it tells is kept, and it is closed at the end. */
  own<D extends AnyDevice>(device: D): D {
    const told: Told = { problems: new Log(), offline: new Log() };
    device.on('problem', told.problems.add);
    device.on('offline', told.offline.add);
    this.#told.set(device, told);
    this.#devices.push(device);
    return device;
  }

  /** A lamp, not connected yet. */
  device(cloud: Cloud, lamp: Lamp, options: Options = {}): AnyDevice {
    return this.own(cloud.device(lamp, this.server, { ...this.options, ...options }));
  }

  /** A lamp that is online. */
  async online(cloud: Cloud, lamp: Lamp, options: Options = {}): Promise<AnyDevice> {
    const device = this.device(cloud, lamp, options);
    await device.connect();
    return device;
  }

  /** What a device told since it was made. */
  told(device: AnyDevice): Told {
    const told = this.#told.get(device);
    if (told === undefined) throw new Error('this device is not of this rig');
    return told;
  }

  /** MQTT.js, a foreign client, signed in as a lamp. Rejects when it is refused. */
  foreign(cloud: Cloud, lamp: Lamp, options: IClientOptions = {}): Promise<MqttClient> {
    return this.foreignAs(cloud.credentials(lamp), options);
  }

  /** MQTT.js, signed in with any credentials. Rejects when it is refused. */
  async foreignAs(credentials: Credentials, options: IClientOptions = {}): Promise<MqttClient> {
    const client = await connectAsync({ host: HOST, port: this.mqttPort, ...credentials, keepalive: 60, reconnectPeriod: 0, ...options });
    client.on('error', () => undefined);
    this.#clients.push(client);
    return client;
  }

  /** The same over any transport. */
  async foreignTo(url: string, credentials: Credentials, options: IClientOptions = {}): Promise<MqttClient> {
    const client = await connectAsync(url, { ...credentials, keepalive: 60, reconnectPeriod: 0, ...options });
    client.on('error', () => undefined);
    this.#clients.push(client);
    return client;
  }

  /** A call of Huawei's v5 API; `path` is what follows the project. */
  huawei(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<ApiAnswer> {
    const url = `/v5/iot/${SEED.huawei.projectId}${path}`;
    const payload = Buffer.from(body === undefined ? '' : stringifyExact(body));
    const [{ ak, sk }] = SEED.huawei.accessKeys;
    const headers = signHuawei({ method, url, headers: { host: `${HOST}:${this.httpPort}`, 'content-type': 'application/json' }, body: payload }, { id: ak, secret: sk }, { at: this.clock.now() });
    return this.#call({ method, url, headers, payload });
  }

  /** An action of Tencent's Cloud API 3.0, of IoT Explorer unless another version is named; the body is what stands in `Response`. */
  async tencent(action: string, parameters: object, version = '2019-04-23'): Promise<ApiAnswer> {
    const payload = Buffer.from(JSON.stringify(parameters));
    const [{ secretId, secretKey }] = SEED.tencent.accessKeys;
    const headers = { host: `${HOST}:${this.httpPort}`, 'content-type': 'application/json', 'x-tc-action': action, 'x-tc-version': version, 'x-tc-region': 'ap-guangzhou' };
    const signed = signTencent({ method: 'POST', url: '/', headers, body: payload }, { id: secretId, secret: secretKey }, { at: this.clock.now() });
    const { status, body } = await this.#call({ method: 'POST', url: '/', headers: signed, payload });
    return { status, body: (body as { readonly Response: unknown }).Response };
  }

  /** Calls `blink` of a lamp through its cloud's API. */
  blink({ name }: Cloud, lamp: Lamp, times = 3): Promise<ApiAnswer> {
    return name === 'huawei'
      ? this.huawei('POST', `/devices/lamp_${lamp}/commands`, { service_id: 'light', command_name: 'blink', paras: { times } })
      : this.tencent('CallDeviceActionSync', { ProductId: 'LAMP000001', DeviceName: `lamp${lamp}`, ActionId: 'blink', InputParams: JSON.stringify({ times }) });
  }

  /** Sets properties of a lamp through its cloud's API. */
  set({ name }: Cloud, lamp: Lamp, values: JsonObject): Promise<ApiAnswer> {
    return name === 'huawei'
      ? this.huawei('PUT', `/devices/lamp_${lamp}/properties`, { services: [{ service_id: 'light', properties: values }] })
      : this.tencent('ControlDeviceData', { ProductId: 'LAMP000001', DeviceName: `lamp${lamp}`, Data: stringifyExact(values) });
  }

  /** What a lamp reported last, as its cloud's API tells it. */
  async reported({ name }: Cloud, lamp: Lamp): Promise<JsonObject> {
    if (name === 'huawei') {
      const { body } = await this.huawei('GET', `/devices/lamp_${lamp}/shadow`);
      const { shadow } = body as { readonly shadow: readonly { readonly reported: { readonly properties: JsonObject } }[] };
      return shadow[0]?.reported.properties ?? {};
    }
    const { body } = await this.tencent('DescribeDeviceData', { ProductId: 'LAMP000001', DeviceName: `lamp${lamp}` });
    const data = parseExact((body as { readonly Data: string }).Data) as Record<string, { readonly Value: JsonObject[string] }>;
    return Object.fromEntries(Object.entries(data).map(([property, { Value }]) => [property, Value]));
  }

  /** Closes everything, and fails if a socket, a process or a timer is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#devices.map((device) => device.close()));
    await Promise.all(this.#clients.map((client) => client.endAsync(true)));
    await this.platform.close();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true });
    const left = await settledHandles(this.#before);
    if (left !== undefined) throw new Error(`Handles are left open: ${left}`);
    const timers = [...this.clock.running, ...this.#deviceClock.running];
    if (timers.length > 0) throw new Error(`Timers are left running:\n${timers.join('\n')}`);
  }

  async #call({ method, url, headers, payload }: { readonly method: string; readonly url: string; readonly headers: Record<string, string>; readonly payload: Buffer }): Promise<ApiAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    // A connection of its own, closed behind the answer: nothing is kept alive that the rig would have to look for.
    http.request({ host: HOST, port: this.httpPort, method, path: url, headers, agent: false }, resolve).on('error', reject).end(payload);
    const answer = await promise;
    const text = (await answer.setEncoding('utf8').toArray()).join('');
    return { status: answer.statusCode ?? 0, body: text === '' ? undefined : parseExact(text) };
  }
}
