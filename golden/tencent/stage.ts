// How the cases of Tencent's transcripts become calls of the face.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { QcloudExplorer } from 'lianyun/tencent';
import { UnknownCase, type Stage, type StageOptions } from '../replay.ts';
import type { Case } from '../transcript.ts';
import { CALLS } from './calls.ts';
import { reactionTo } from './reactions.ts';
import { callbacksOf, CHILD, DEVICE, isByCertificate, stateName, type Members, type Scene } from './scene.ts';
import { listed } from './templates.ts';
import { shown } from '../words.ts';

/** Calls that make their own device. */
const MAKES = new Set(['QcloudExplorer()', 'dynregDevice']);

export class TencentStage implements Stage, Scene {
  readonly options: StageOptions;
  #explorer: QcloudExplorer | undefined;
  #userdata: unknown = null;
  #problems = 0;

  private constructor(options: StageOptions) {
    this.options = options;
  }

  static async open(options: StageOptions): Promise<TencentStage> {
    const stage = new TencentStage(options);
    stage.#userdata = options.cases.flatMap(callbacksOf).find(({ name }) => name === 'on_connect')?.args[2] ?? null;
    const [first] = options.cases;
    if (first !== undefined && !MAKES.has(first.api)) await stage.make(options.cases.find(({ api }) => api === 'connect')?.call ?? {});
    return stage;
  }

  get explorer(): QcloudExplorer {
    if (this.#explorer === undefined) throw new UnknownCase('the case needs a device that an earlier one makes');
    return this.#explorer;
  }

  async make(call: Members, file: Members = {}): Promise<QcloudExplorer> {
    await this.#explorer?.[Symbol.asyncDispose]();
    const place = path.join(this.options.directory, 'device_info.json');
    await writeFile(place, JSON.stringify({ ...this.#deviceFile(), ...file }));
    const { tls = false, useWebsocket = false, domain = null, device_file: given = place } = call as { tls?: boolean; useWebsocket?: boolean; domain?: string | null; device_file?: string };
    this.#explorer = new QcloudExplorer(given, tls, this.#userdata, domain, useWebsocket, { clock: this.options.clock, ca: path.join(this.options.directory, 'tls/ca.pem') });
    this.#problems = 0;
    this.#explorer.onProblem(() => void this.#problems++);
    const names = ['on_connect', 'on_disconnect', 'on_message', 'on_publish', 'on_subscribe', 'on_unsubscribe'] as const;
    const [connect, disconnect, message, publish, subscribe, unsubscribe] = names.map((name) => this.noted(name));
    this.#explorer.registerMqttCallback(connect, disconnect, message, publish, subscribe, unsubscribe);
    return this.#explorer;
  }

  noted(name: string): (...args: readonly unknown[]) => void {
    return (...args) => this.options.wire.recorder.callback(name, args.map((each) => shown(each)));
  }

  async before(recorded: Case): Promise<void> {
    if (this.#explorer === undefined && !MAKES.has(recorded.api)) await this.make({});
    const react = reactionTo(recorded);
    this.options.wire.respond = (_, publish) => react(publish);
  }

  play(recorded: Case): unknown {
    const call = CALLS[recorded.api];
    if (call === undefined) throw new UnknownCase(recorded.api);
    return call(this, recorded);
  }

  isWaiting(recorded: Case): boolean {
    if (!/^connect$|^\(/.test(recorded.api) || this.#explorer === undefined || this.#explorer.isMqttConnected()) return false;
    return callbacksOf(recorded).some(({ name }) => name === 'on_connect') || this.#problems === 0;
  }

  async observe(recorded: Case): Promise<Record<string, unknown>> {
    const state = recorded['state'] as Members | undefined;
    return {
      ...(state === undefined || this.#explorer === undefined ? {} : { state: Object.fromEntries(Object.keys(state).map((name) => [name, this.#stateOf(name, this.explorer)])) }),
      ...(recorded['device_info.json'] === undefined ? {} : { 'device_info.json': JSON.parse(await readFile(path.join(this.options.directory, 'device_info.json'), 'utf8')) as unknown }),
    };
  }

  async close(): Promise<void> {
    await this.#explorer?.[Symbol.asyncDispose]();
  }

  #stateOf(name: string, explorer: QcloudExplorer): unknown {
    const { productId, deviceName } = CHILD;
    switch (name) {
      case 'isMqttConnected':
        return explorer.isMqttConnected();
      case 's':
      case 'getConnectState':
        return stateName(explorer);
      case 'fetching':
        return explorer.otaIsFetching(DEVICE.productId, DEVICE.deviceName);
      case 'finished':
        return explorer.otaIsFetchFinished(DEVICE.productId, DEVICE.deviceName);
      case 'events':
        return listed(explorer.getEventsList(productId, deviceName));
      case 'actions':
        return listed(explorer.getActionList(productId, deviceName));
      case 'properties':
        return listed(explorer.getPropertyList(productId, deviceName));
      default:
        throw new UnknownCase(`the state ${name}`);
    }
  }

  #deviceFile(): Members {
    const isCertificate = isByCertificate(this.options.cases);
    const tls = (name: string): string => path.join(this.options.directory, 'tls', name);
    return {
      auth_mode: isCertificate ? 'CERT' : 'KEY',
      productId: DEVICE.productId,
      productSecret: DEVICE.productSecret,
      deviceName: DEVICE.deviceName,
      key_deviceinfo: { deviceSecret: DEVICE.secret },
      cert_deviceinfo: isCertificate
        ? { devCaFile: tls('ca.pem'), devCertFile: tls('client.pem'), devPrivateKeyFile: tls('client.key') }
        : { devCaFile: 'YOUR_CA_FILE_NAME', devCertFile: 'YOUR_DEVICE_CERT_FILE_NAME', devPrivateKeyFile: 'YOUR_DEVICE_PRIVATE_KEY_FILE_NAME' },
      subDev: { subdev_num: 2, subdev_list: ['subdev1', 'subdev2'].map((name) => ({ sub_productId: CHILD.productId, sub_devName: name })) },
      region: 'china',
    };
  }
}
