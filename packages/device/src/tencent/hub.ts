import type { JsonObject } from '@lianyun/protocol';
import type { HubOptions } from './address.ts';
import { childrenIn } from './configuration.ts';
import { Gateway, type GatewaySubdev } from './gateway.ts';
import { HubConnection } from './hub-connection.ts';
import { Rrpc, Shadow, subscribe } from './hub-services.ts';
import { Ota, type OtaCmdType } from './ota.ts';
import { Resource } from './resource.ts';
import { selected, type TopicSelection } from './selection.ts';
import type { TemplateProperty } from './template-lists.ts';
import { keyOf, NO_HANDLE, type Publishable, type Result, type TopicCallback } from './words.ts';

/** A device on Tencent's IoT Hub: connection, gateway, shadow, calls, broadcasts, firmware, resources, time. */
export class QcloudHub extends HubConnection {
  readonly #gateway: Gateway;
  readonly #shadows = new Map<string, Shadow>();
  readonly #rrpcs = new Map<string, Rrpc>();
  readonly #otas = new Map<string, Ota>();
  readonly #resources = new Map<string, Resource>();
  /** The one that was initialised last: the vendor's later calls name none. */
  #resource: Resource | undefined;

  /**
   * Reads a device file (`device_info.json`, reference 8.1); `connect()` connects. Throws {@link KeyError} naming a missing member, LianyunError `bad-config`.
   * @param device_file its path. @param userdata what every callback gets. @param tls whether to connect over TLS. @param domain another host, `host:port`, or a
   * URL. @param useWebsocket MQTT over WebSocket.
   */
  constructor(device_file: string, userdata: unknown = null, tls = true, domain: string | null = null, useWebsocket = false, options: HubOptions = {}) {
    super({ device_file, userdata, tls, domain, useWebsocket, options });
    this.#gateway = new Gateway(this.routes, keyOf(this.file.productId, this.file.deviceName));
  }

  /** The vendor's programs write `QcloudHub(…).hub`. */
  get hub(): this {
    return this;
  }

  /** Begins to speak for sub-devices; the device file names them. Throws {@link KeyError} where it does not. */
  gatewayInit(): Result {
    this.routes.line.online();
    return this.#gateway.init(childrenIn(this.file));
  }

  /** Whether a sub-device is online as far as `updateSubdevStatus` said. */
  isSubdevStatusOnline(sub_productId: string, sub_devName: string): boolean {
    return this.#gateway.isOnline(sub_productId, sub_devName);
  }

  /** Notes here that a sub-device is `online` or `offline`. */
  updateSubdevStatus(sub_productId: string, sub_devName: string, status: string): void {
    this.#gateway.setStatus(sub_productId, sub_devName, status);
  }

  gatewaySubdevGetConfigList(): GatewaySubdev[] {
    return this.#gateway.children;
  }

  /** Brings a sub-device online. `rc`: 0, the platform's own number, or 1 without an answer within 1.5 s. */
  gatewaySubdevOnline(sub_productId: string, sub_devName: string): Promise<Result> {
    return this.#gateway.operate('online', sub_productId, sub_devName);
  }

  gatewaySubdevOffline(sub_productId: string, sub_devName: string): Promise<Result> {
    return this.#gateway.operate('offline', sub_productId, sub_devName);
  }

  /** Binds a sub-device with its secret. */
  gatewaySubdevBind(sub_productId: string, sub_devName: string, sub_secret: string): Promise<Result> {
    return this.#gateway.bind(sub_productId, sub_devName, sub_secret);
  }

  gatewaySubdevUnbind(sub_productId: string, sub_devName: string): Promise<Result> {
    return this.#gateway.operate('unbind', sub_productId, sub_devName);
  }

  /** Subscribes topics of sub-devices: `registerUserCallback` and `on_message` get what arrives. */
  gatewaySubdevSubscribe(topic: TopicSelection): Result {
    this.routes.line.online();
    return this.#gateway.subscribe(selected(topic, 0));
  }

  /** What the platform has bound to this gateway. */
  gatewaySubdevGetBindList(_product_id?: string, _device_name?: string): Promise<[rc: number, list: GatewaySubdev[]]> {
    return this.#gateway.bindList();
  }

  shadowInit(productId: string, deviceName: string, callback: TopicCallback | null): Result {
    this.routes.line.online();
    return handle(this.#shadows, keyOf(productId, deviceName), () => new Shadow(this.routes, productId, deviceName)).init(callback);
  }

  getShadow(productId: string, deviceName: string): Result | undefined {
    return this.#shadow(productId, deviceName)?.get();
  }

  shadowUpdate(productId: string, deviceName: string, shadow_docs: Publishable, _length?: number): Result | undefined {
    return this.#shadow(productId, deviceName)?.update(shadow_docs);
  }

  shadowJsonConstructReport(productId: string, deviceName: string, ...props: readonly Pick<TemplateProperty, 'key' | 'data' | 'type'>[]): JsonObject | undefined {
    return this.#shadow(productId, deviceName)?.constructReport(props);
  }

  shadowJsonConstructDesireAllNull(productId: string, deviceName: string): JsonObject | undefined {
    return this.#shadow(productId, deviceName)?.constructClear();
  }

  rrpcInit(productId: string, deviceName: string, callback: TopicCallback | null): Result {
    this.routes.line.online();
    return handle(this.#rrpcs, keyOf(productId, deviceName), () => new Rrpc(this.routes, productId, deviceName)).init(callback);
  }

  /** Answers the request whose callback is running, else the oldest that waits; `processId` names another. */
  rrpcReply(productId: string, deviceName: string, reply: Publishable, _length?: number, processId?: string): Result | undefined {
    const found = this.#rrpcs.get(keyOf(productId, deviceName));
    if (found === undefined) this.noHandle('rrpcInit', productId, deviceName);
    return found?.reply(reply, processId);
  }

  broadcastInit(productId: string, deviceName: string, callback: TopicCallback | null): Result {
    return subscribe(this.routes, `$broadcast/rxd/${keyOf(productId, deviceName)}`, callback, 'broadcastCb');
  }

  /** Begins to hear of upgrades (reference 5.4): `[0, mid]`, `[-1, mid]` when the cloud does not grant QoS 1. The callback gets the answers to reported versions. */
  async otaInit(productId: string, deviceName: string, callback: TopicCallback | null): Promise<Result> {
    this.routes.line.online();
    const key = keyOf(productId, deviceName);
    // One that works goes on working, and fetching, when it is initialised again in vain.
    const known = this.#otas.get(key);
    const ota = known ?? new Ota(this.routes, { productId, deviceName }, this.downloadTls);
    this.#otas.set(key, ota);
    const result = await ota.init(callback);
    if (result[0] !== 0 && known === undefined) this.#otas.delete(key);
    return result;
  }

  /** Whether a firmware was offered and is to be fetched. */
  otaIsFetching(productId: string, deviceName: string): boolean {
    return this.#ota(productId, deviceName)?.isFetching === true;
  }

  /** Whether all of it was fetched. */
  otaIsFetchFinished(productId: string, deviceName: string): boolean {
    return this.#ota(productId, deviceName)?.isFetched === true;
  }

  /** Tells the running version, 1 to 32 characters. Throws ValueError. */
  otaReportVersion(productId: string, deviceName: string, version: string): Result {
    return this.#ota(productId, deviceName)?.reportVersion(version) ?? noHandle();
  }

  /** Asks for the offered firmware from `offset` on: 0, or 1 with a reported failure. `size` is that of the file. Rejects with ValueError. */
  async otaDownloadStart(productId: string, deviceName: string, offset: number, size: number): Promise<0 | 1 | -1> {
    return (await this.#ota(productId, deviceName)?.download(offset, size)) ?? -1;
  }

  /** The next piece, up to `buf_len` bytes, counted, hashed and reported: `[bytes, n]`; `[null, -1]` when nothing is being fetched, `[null, -2]` when it fails. Rejects with ValueError. */
  async otaFetchYield(productId: string, deviceName: string, buf_len: number): Promise<[piece: Buffer | null, n: number]> {
    return (await this.#ota(productId, deviceName)?.yield(buf_len)) ?? [null, -1];
  }

  /** A number of the upgrade, or whether the firmware is the announced one: `[value, "success"]`, `[-1, reason]`. */
  otaIoctlNumber(productId: string, deviceName: string, cmdType: OtaCmdType | { readonly value: number }): [value: number, reason: string] {
    return this.#ota(productId, deviceName)?.number(cmdType) ?? [-1, 'no handle'];
  }

  /** A text of the upgrade of up to `length` characters: `[text, "success"]`, `["null", reason]`. */
  otaIoctlString(productId: string, deviceName: string, cmdType: OtaCmdType | { readonly value: number }, length: number): [value: string, reason: string] {
    return this.#ota(productId, deviceName)?.text(cmdType, length) ?? ['null', 'no handle'];
  }

  otaResetMd5(productId: string, deviceName: string): 0 | -1 {
    return this.#ota(productId, deviceName)?.resetMd5() ?? -1;
  }

  /** Hashes bytes that an earlier run has fetched. */
  otaMd5Update(productId: string, deviceName: string, buf: Uint8Array): 0 | -1 {
    return this.#ota(productId, deviceName)?.updateMd5(buf) ?? -1;
  }

  /** Asks for any file: 0, or 1 when it fails. `url` is the whole URL. */
  async httpInit(productId: string, deviceName: string, host: string, url: string, offset: number, size: number, timeoutSec: number): Promise<0 | 1 | -1> {
    return (await this.#ota(productId, deviceName)?.open(url, offset, timeoutSec * 1000)) ?? -1;
  }

  /** The next piece of that file. Rejects with ValueError. */
  async httpFetch(productId: string, deviceName: string, buf_len: number): Promise<[piece: Buffer | null, n: number]> {
    return (await this.#ota(productId, deviceName)?.fetch(buf_len)) ?? [null, -1];
  }

  /** The new version runs; null: the one that was offered. */
  otaReportUpgradeSuccess(productId: string, deviceName: string, version: string | null): Result {
    return this.#ota(productId, deviceName)?.reportSuccess(version) ?? noHandle();
  }

  otaReportUpgradeFail(productId: string, deviceName: string, version: string | null): Result {
    return this.#ota(productId, deviceName)?.reportFailure(version) ?? noHandle();
  }

  /** Begins to hear of resources (reference 7.8); the callback gets `create_upload_task_rsp` with the URL. */
  resourceInit(productId: string, deviceName: string, callback: TopicCallback | null): Result {
    this.routes.line.online();
    this.#resource = new Resource(this.routes, { productId, deviceName }, this.downloadTls);
    this.#resources.set(keyOf(productId, deviceName), this.#resource);
    return this.#resource.init(callback);
  }

  /** Asks where a file is to be put. Rejects when it cannot be read. */
  async resourceCreateUploadTask(productId: string, deviceName: string, filePath: string): Promise<Result> {
    return (await this.#resources.get(keyOf(productId, deviceName))?.create(filePath)) ?? this.noHandle('resourceInit', productId, deviceName);
  }

  /** Tells how far the upload is. */
  resourceReportUploadProgress(productId: string, deviceName: string): Result {
    return this.#resources.get(keyOf(productId, deviceName))?.report() ?? this.noHandle('resourceInit', productId, deviceName);
  }

  /** Puts the file where the cloud said: 0, or -1 with a problem that says why. @param timeout seconds of silence. */
  async resourceUploadfile(url: string, timeout = 10): Promise<0 | -1> {
    return (await this.#resource?.upload(url, timeout * 1000)) ?? -1;
  }

  /** Tells that the upload is done. */
  resourceFinished(): Result {
    return this.#resource?.report('done', 100) ?? noHandle();
  }

  /** Disconnects, or gives up connecting; leaves nothing behind. */
  override async [Symbol.asyncDispose](): Promise<void> {
    for (const ota of this.#otas.values()) ota.close();
    await super[Symbol.asyncDispose]();
  }

  #shadow(productId: string, deviceName: string): Shadow | undefined {
    const found = this.#shadows.get(keyOf(productId, deviceName));
    if (found === undefined) this.noHandle('shadowInit', productId, deviceName);
    return found;
  }

  #ota(productId: string, deviceName: string): Ota | undefined {
    const ota = this.#otas.get(keyOf(productId, deviceName));
    if (ota === undefined) this.noHandle('otaInit', productId, deviceName);
    return ota;
  }
}

/** Finds what a device was initialised with, or makes it. */
export function handle<T>(known: Map<string, T>, key: string, make: () => T): T {
  let found = known.get(key);
  if (found === undefined) known.set(key, (found = make()));
  return found;
}

const noHandle = (): Result => [...NO_HANDLE] as Result;
