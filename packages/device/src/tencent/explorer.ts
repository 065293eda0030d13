import type { JsonObject } from '@lianyun/protocol';
import { handle, QcloudHub } from './hub.ts';
import { Ota, type OtaCmdType } from './ota.ts';
import { Resource } from './resource.ts';
import { Template, type ReplyPara } from './template.ts';
import type { TemplateAction, TemplateEvent, TemplateProperty } from './template-lists.ts';
import { keyOf, NO_HANDLE, type Publishable, type Result, type TopicCallback } from './words.ts';

/** A device on Tencent Cloud IoT Explorer: what {@link QcloudHub} does, and the data template (seed, reference 6). */
export class QcloudExplorer extends QcloudHub {
  readonly #templates = new Map<string, Template>();
  readonly #otas = new Map<string, Ota>();
  readonly #resources = new Map<string, Resource>();
  /** The one that was initialised last: the vendor's later calls name none. */
  #resource: Resource | undefined;

  /** Subscribes the data template of a device. Each callback gets what arrives on its topic; `propertyCb` controls and the answers to reports alike. */
  templateInit(productId: string, deviceName: string, propertyCb: TopicCallback | null, actionCb?: TopicCallback | null, eventCb?: TopicCallback | null, serviceCb?: TopicCallback | null): Result {
    this.routes.line.online();
    return handle(this.#templates, keyOf(productId, deviceName), () => new Template(this.routes, productId, deviceName)).init({ property: propertyCb, action: actionCb, event: eventCb, service: serviceCb });
  }

  /** Reads a template file (reference 2.10): 0, or 2 with a problem that names the path of the error. */
  templateSetup(productId: string, deviceName: string, config_file: string): 0 | 2 | Result {
    const template = this.#template(productId, deviceName);
    return template === undefined ? this.#noTemplate(productId, deviceName) : template.setup(config_file);
  }

  getEventsList(productId: string, deviceName: string): TemplateEvent[] | undefined {
    return this.#listed(productId, deviceName)?.events;
  }

  getActionList(productId: string, deviceName: string): TemplateAction[] | undefined {
    return this.#listed(productId, deviceName)?.actions;
  }

  getPropertyList(productId: string, deviceName: string): TemplateProperty[] | undefined {
    return this.#listed(productId, deviceName)?.properties;
  }

  /** What `templateReport` sends for these values. Throws ValueError when there are none. */
  templateJsonConstructReportArray(productId: string, deviceName: string, payload: Publishable): { method: 'report'; clientToken: string; params: JsonObject } | Result {
    // What the program gave is what is sent.
    return this.#with(productId, deviceName, (template) => template.construct(payload) as { method: 'report'; clientToken: string; params: JsonObject });
  }

  /** Reports properties (reference 2.1); the message is sent as it is. */
  templateReport(productId: string, deviceName: string, message: Publishable): Result {
    return this.#with(productId, deviceName, (template) => template.report(message));
  }

  /** Reports what the device is (reference 2.2). */
  templateReportSysInfo(productId: string, deviceName: string, sysInfo: Publishable): Result {
    return this.#with(productId, deviceName, (template) => template.reportInfo(sysInfo));
  }

  /** Asks for the latest state (reference 2.3); `propertyCb` gets it. */
  templateGetStatus(productId: string, deviceName: string): Result {
    return this.#with(productId, deviceName, (template) => template.getStatus());
  }

  /** Posts events (reference 2.6): `{ events: [ { eventId, type, timestamp, params }, … ] }`. */
  templateEventPost(productId: string, deviceName: string, message: Publishable): Result {
    return this.#with(productId, deviceName, (template) => template.postEvents(message));
  }

  /** Answers a control (reference 2.4): the one whose callback is running, with all that it awaits; outside of callbacks the oldest that waits; or that of the given token. */
  templateControlReply(productId: string, deviceName: string, replyPara: ReplyPara, clientToken?: string): Result {
    return this.#with(productId, deviceName, (template) => template.replyToControl(replyPara, clientToken));
  }

  /** Answers an action (reference 2.7). */
  templateActionReply(productId: string, deviceName: string, clientToken: string, response: Publishable, replyPara: ReplyPara): Result {
    return this.#with(productId, deviceName, (template) => template.replyToAction(clientToken, response, replyPara));
  }

  /** Clears what is still wanted of the device (reference 2.5). */
  clearControl(productId: string, deviceName: string): Result {
    return this.#with(productId, deviceName, (template) => template.clearControl());
  }

  /** Unsubscribes the data template of a device; no other device's changes. */
  templateDeinit(productId: string, deviceName: string): Result {
    return this.#with(productId, deviceName, (template) => {
      const result = template.deinit();
      this.#templates.delete(keyOf(productId, deviceName));
      return result;
    });
  }

  /** Begins to hear of upgrades (reference 5.4): `[0, mid]`, `[-1, mid]` when the cloud does not grant QoS 1. The callback gets the answers to reported versions. */
  async otaInit(productId: string, deviceName: string, callback: TopicCallback | null): Promise<Result> {
    this.routes.line.online();
    const ota = handle(this.#otas, keyOf(productId, deviceName), () => new Ota(this.routes, { productId, deviceName }, this.downloadTls));
    const result = await ota.init(callback);
    if (result[0] !== 0) this.#otas.delete(keyOf(productId, deviceName));
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

  /** The next piece, up to `buf_len` bytes, counted, hashed and reported: `[bytes, n]`; `[null, -1]` when nothing is being fetched, `[null, -2]` when it fails. */
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

  /** The next piece of that file. */
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

  #ota(productId: string, deviceName: string): Ota | undefined {
    const ota = this.#otas.get(keyOf(productId, deviceName));
    if (ota === undefined) this.noHandle('otaInit', productId, deviceName);
    return ota;
  }

  #template(productId: string, deviceName: string): Template | undefined {
    return this.#templates.get(keyOf(productId, deviceName));
  }

  #listed(productId: string, deviceName: string): Template | undefined {
    const template = this.#template(productId, deviceName);
    if (template === undefined) this.#noTemplate(productId, deviceName);
    return template;
  }

  #with<T>(productId: string, deviceName: string, run: (template: Template) => T): T | Result {
    const template = this.#template(productId, deviceName);
    return template === undefined ? this.#noTemplate(productId, deviceName) : run(template);
  }

  #noTemplate(productId: string, deviceName: string): Result {
    return this.noHandle('templateInit', productId, deviceName);
  }
}

const noHandle = (): Result => [...NO_HANDLE] as Result;
