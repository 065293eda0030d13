import type { JsonObject } from '@lianyun/protocol';
import type { HubOptions } from './address.ts';
import { handle, QcloudHub } from './hub.ts';
import { ReplyPara, Template } from './template.ts';
import type { TemplateAction, TemplateEvent, TemplateProperty } from './template-lists.ts';
import { keyOf, type Publishable, type Result, type TopicCallback } from './words.ts';

/** A device on Tencent Cloud IoT Explorer: what {@link QcloudHub} does, and the data template (seed, reference 6). */
export class QcloudExplorer extends QcloudHub {
  readonly #templates = new Map<string, Template>();

  /**
   * Reads a device file (`device_info.json`, reference 8.1); `connect()` connects. Throws {@link KeyError} naming a missing member, LianyunError `bad-config`.
   * @param device_file its path. @param tls whether to connect over TLS. @param userdata what every callback gets. @param domain another host, `host:port`, or a
   * URL. @param useWebsocket MQTT over WebSocket.
   */
  constructor(device_file: string, tls = true, userdata: unknown = null, domain: string | null = null, useWebsocket = false, options: HubOptions = {}) {
    super(device_file, userdata, tls, domain, useWebsocket, options);
  }

  /** What a control or an action is answered with, as `te.ReplyPara()` makes it in the vendor's programs. */
  get ReplyPara(): typeof ReplyPara {
    return ReplyPara;
  }

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
