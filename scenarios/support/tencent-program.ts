// A program against lianyun/tencent: its device file, its device, and what its callbacks were told.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '@lianyun/protocol';
import { QcloudExplorer } from 'lianyun/tencent';
import type { Clock, JsonObject } from 'lianyun';
import { Log } from './log.ts';
import type { Rig } from './rig.ts';

/** What a callback was told. */
export interface Told {
  readonly name: string;
  readonly args: readonly unknown[];
}

interface ProgramOptions {
  readonly productId?: string;
  readonly deviceName?: string;
  readonly secret?: string;
  /** Members of the device file that are other than the console gives them. */
  readonly file?: object;
  readonly domain?: string;
  readonly tls?: boolean;
  readonly useWebsocket?: boolean;
  /** Whom it trusts. */
  readonly ca?: string;
  /** Left out: this machine's, patient with it. */
  readonly clock?: Clock;
  /** Certificate and key, PEM, of a device that has no secret. */
  readonly keys?: { readonly cert: string; readonly key: string };
}

/** Deadlines of the vendor's, such as a gateway's second and a half, are long past on a machine that has much to do: no test that waits for an answer is about them. */
export const PATIENT: Clock = { ...systemClock, after: (delayMs, fn, keepAlive) => systemClock.after(delayMs < 1500 ? delayMs : delayMs * 10, fn, keepAlive) };

/** One device of a program. */
export class TencentProgram implements AsyncDisposable {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'lianyun-program-'));
  readonly explorer: QcloudExplorer;
  readonly productId: string;
  readonly deviceName: string;
  readonly told = new Log<Told>();
  readonly problems = new Log<Error>();

  constructor(rig: Pick<Rig, 'mqttPort'>, options: ProgramOptions = {}) {
    const { productId = 'LAMP000001', deviceName = 'lamp1', secret = 'c2VjcmV0LW9mLWxhbXAtMQ==', file = {}, domain = `127.0.0.1:${rig.mqttPort}`, tls = false, useWebsocket = false, ca, clock = PATIENT, keys } = options;
    this.productId = productId;
    this.deviceName = deviceName;
    const proof = keys === undefined ? {} : { auth_mode: 'CERT', cert_deviceinfo: { devCaFile: '', devCertFile: this.write('cert.pem', keys.cert), devPrivateKeyFile: this.write('key.pem', keys.key) } };
    const given = this.write('device_info.json', { ...deviceFile(productId, deviceName, secret), ...proof, ...file });
    this.explorer = new QcloudExplorer(given, tls, 'ud', domain, useWebsocket, { clock, ...(ca === undefined ? {} : { ca }) });
    this.explorer.onProblem(this.problems.add);
    const [connect, disconnect, message, publish, subscribe, unsubscribe, refused] = ['on_connect', 'on_disconnect', 'on_message', 'on_publish', 'on_subscribe', 'on_unsubscribe', 'on_refused'].map((name) => this.noted(name));
    this.explorer.registerMqttCallback(connect, disconnect, message, publish, subscribe, unsubscribe, refused);
  }

  /** The device, as every method names it. */
  get names(): [productId: string, deviceName: string] {
    return [this.productId, this.deviceName];
  }

  /** Writes a file for the program; gives its path. */
  write(name: string, content: unknown): string {
    const file = path.join(this.directory, name);
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  }

  /** A callback whose calls are noted. */
  noted(name: string): (...args: unknown[]) => void {
    return (...args) => this.told.add({ name, args });
  }

  /** Resolves with the arguments of the first call that fits. */
  async hears(name: string, fits: (...args: readonly unknown[]) => boolean = () => true): Promise<readonly unknown[]> {
    return (await this.told.first((call) => call.name === name && fits(...call.args))).args;
  }

  /** Resolves with the first message of a callback whose method, or type, is this. */
  async message(name: string, method: string): Promise<JsonObject> {
    const [, , payload] = await this.hears(name, (_topic, _qos, each) => [(each as JsonObject)['method'], (each as JsonObject)['type']].includes(method));
    return payload as JsonObject;
  }

  /** Connects, and waits until it is. */
  async online(): Promise<void> {
    this.explorer.connect();
    await this.hears('on_connect');
  }

  /** The callbacks of a data template that note everything. */
  get callbacks(): [(...args: unknown[]) => void, (...args: unknown[]) => void, (...args: unknown[]) => void, (...args: unknown[]) => void] {
    return [this.noted('propertyCb'), this.noted('actionCb'), this.noted('eventCb'), this.noted('serviceCb')];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.explorer[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true });
  }
}

/** A device file as the vendor's console gives it. */
const deviceFile = (productId: string, deviceName: string, deviceSecret: string): object => ({
  auth_mode: 'KEY',
  productId,
  productSecret: 'YOUR_PRODUCT_SECRET',
  deviceName,
  key_deviceinfo: { deviceSecret },
  cert_deviceinfo: { devCaFile: 'YOUR_CA_FILE_NAME', devCertFile: 'YOUR_DEVICE_CERT_FILE_NAME', devPrivateKeyFile: 'YOUR_DEVICE_PRIVATE_KEY_FILE_NAME' },
  subDev: { subdev_num: 2, subdev_list: [{ sub_productId: 'LAMP000001', sub_devName: 'sub0' }, { sub_productId: 'LAMP000001', sub_devName: 'sub1' }] },
  region: 'china',
});
