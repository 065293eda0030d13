// The listeners of the recorded program. What they answered is read from the case: the transcripts show what was sent, not the program.
import { AbstractGateway, CommandRsp, IotResult, ServiceProperty, type ActionListener, type IotDevice } from 'lianyun/huawei';
import type { JsonObject } from 'lianyun';
import type { Case } from '../transcript.ts';
import { camelMembers, shown } from '../words.ts';
import { SHOWN, type Scene } from './scene.ts';

interface Publish {
  readonly topic: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Each listener with the callback that shows that the program had registered it. */
const REGISTRATIONS: readonly (readonly [prefix: string, register: (listeners: Listeners, device: IotDevice) => void])[] = [
  ['CommandListener.', (listeners, device) => device.getClient().setCommandListener({ onCommand: (...args) => listeners.onCommand(...args) })],
  [
    'PropertyListener.',
    (listeners, device) => device.getClient().setPropertiesListener({ onPropertySet: (...args) => listeners.onPropertySet(...args), onPropertyGet: (...args) => listeners.onPropertyGet(...args) }),
  ],
  ['DeviceMessageListener.', (listeners, device) => device.getClient().setDeviceMsgListener({ onDeviceMessage: (message) => listeners.note('DeviceMessageListener.on_device_message', [message]) })],
  ['RawDeviceMessageListener.', (listeners, device) => device.getClient().setRawDeviceMsgListener({ onRawDeviceMessage: (message) => listeners.note('RawDeviceMessageListener.on_raw_device_message', [message]) })],
  ['TimeSyncListener.', (listeners, device) => device.getTimeSyncService().setListener({ onTimeSyncResponse: (...times) => listeners.note('TimeSyncListener.on_time_sync_response', times) })],
  ['DeviceShadowListener.', (listeners, device) => device.getClient().setDeviceShadowListener({ onShadowGet: (...args) => listeners.note('DeviceShadowListener.on_shadow_get', args) })],
  [
    'FileManagerListener.',
    (listeners, device) =>
      device.getFileManagerService().setListener({
        onUploadUrl: (info) => listeners.note('FileManagerListener.on_upload_url', [info]),
        onDownloadUrl: (info) => listeners.note('FileManagerListener.on_download_url', [info]),
      }),
  ],
  [
    'OTAListener.',
    (listeners, device) =>
      device.getOtaService().setOtaListener({
        onQueryVersion: (query) => listeners.onQueryVersion(query),
        onReceivePackageInfo: (info) => listeners.onReceivePackageInfo(info),
      }),
  ],
];

/** Those of a gateway. */
const GATEWAY_REGISTRATIONS: readonly (readonly [prefix: string, register: (listeners: Listeners, device: AbstractGateway) => void])[] = [
  [
    'GtwOperateSubDeviceListener.',
    (listeners, device) =>
      device.setGtwOperateSubDeviceListener({
        onAddSubDeviceRsp: (...args) => listeners.note('GtwOperateSubDeviceListener.on_add_sub_device_rsp', args),
        onDelSubDeviceRsp: (...args) => listeners.note('GtwOperateSubDeviceListener.on_del_sub_device_rsp', args),
      }),
  ],
  ['SubDevDiscoveryListener.', (listeners, device) => device.setSubDevDiscoveryListener({ onScan: (notify) => listeners.note('SubDevDiscoveryListener.on_scan', [notify]) })],
];

export class Listeners {
  readonly #stage: Scene;
  readonly #registered = new Set<string>();
  #case: Case | undefined;
  #forget: (() => void) | undefined;

  constructor(stage: Scene) {
    this.#stage = stage;
  }

  /** Hears no more of the last device. */
  forget(): void {
    this.#forget?.();
    this.#forget = undefined;
  }

  /** Hears of a device's connection, where the recorded program did. */
  watch(device: IotDevice): void {
    this.forget();
    this.#registered.clear();
    if (!this.#stage.options.cases.some((each) => callbacksOf(each).some((name) => name.startsWith('ConnectListener.')))) return;
    this.#forget = device.addConnectListener({
      connectComplete: (reconnect, uri) => this.note('ConnectListener.connect_complete', [reconnect, uri]),
      connectionLost: (cause) => this.note('ConnectListener.connection_lost', [cause]),
    });
  }

  /** Registers what the recorded program had registered by now. */
  prepare(recorded: Case): void {
    this.#case = recorded;
    const { device } = this.#stage;
    if (device === undefined) return;
    // Without a listener the vendor's program does nothing with a URL: one that uploads has one.
    const names = [...callbacksOf(recorded), ...(/load_file$/.test(recorded.api) ? ['FileManagerListener.'] : [])];
    for (const [prefix, register] of REGISTRATIONS) {
      if (this.#registered.has(prefix) || !names.some((name) => name.startsWith(prefix))) continue;
      this.#registered.add(prefix);
      register(this, device);
    }
    if (!(device instanceof AbstractGateway)) return;
    for (const [prefix, register] of GATEWAY_REGISTRATIONS) {
      if (this.#registered.has(prefix) || !names.some((name) => name.startsWith(prefix))) continue;
      this.#registered.add(prefix);
      register(this, device);
    }
  }

  note(name: string, args: readonly unknown[]): void {
    this.#stage.options.wire.recorder.callback(name, args.map((each) => shown(each, SHOWN)));
  }

  /** The listener that a call was given, when the case says or shows so. */
  action(recorded: Case): ActionListener | undefined {
    const isExpected = recorded.call['listener'] === true || callbacksOf(recorded).some((name) => name.startsWith('ActionListener.'));
    if (!isExpected) return undefined;
    return {
      onSuccess: (message) => this.note('ActionListener.on_success', [message]),
      onFailure: (message, error) => this.note('ActionListener.on_failure', [message, error]),
    };
  }

  get current(): Case | undefined {
    return this.#case;
  }

  onCommand(requestId: string, serviceId: string, commandName: string, paras: JsonObject): void {
    this.note('CommandListener.on_command', [requestId, serviceId, commandName, paras]);
    this.answerCommand(requestId);
  }

  answerCommand(requestId: string): void {
    for (const { payload } of this.#answers(`commands/response/request_id=${requestId}`)) {
      this.#client.respondCommand(requestId, new CommandRsp(camelMembers(payload)), this.#action);
    }
  }

  onPropertySet(requestId: string, services: ServiceProperty[]): void {
    this.note('PropertyListener.on_property_set', [requestId, services]);
    this.answerSet(requestId);
  }

  answerSet(requestId: string): void {
    for (const { payload } of this.#answers(`properties/set/response/request_id=${requestId}`)) this.#client.respondPropertiesSet(requestId, new IotResult(camelMembers(payload)), this.#action);
  }

  onPropertyGet(requestId: string, serviceId: string): void {
    this.note('PropertyListener.on_property_get', [requestId, serviceId]);
    this.answerGet(requestId);
  }

  answerGet(requestId: string): void {
    for (const { payload } of this.#answers(`properties/get/response/request_id=${requestId}`)) {
      this.#client.respondPropertiesGet(requestId, (payload['services'] as object[]).map((each) => new ServiceProperty(camelMembers(each as Record<string, unknown>))), this.#action);
    }
  }

  onQueryVersion(query: object): void {
    this.note('OTAListener.on_query_version', [query]);
    for (const paras of this.#events('version_report')) this.#stage.connected.getOtaService().reportVersion(textOf(paras['fw_version']), textOf(paras['sw_version']), this.#action);
  }

  onReceivePackageInfo(info: object): void {
    this.note('OTAListener.on_receive_package_info', [info]);
    for (const paras of this.#events('upgrade_progress_report')) {
      this.#stage.connected.getOtaService().reportOtaStatus(Number(paras['result_code']), textOf(paras['version']) ?? '', paras['progress'] as number | undefined, textOf(paras['description']), this.#action);
    }
  }

  get #client() {
    return this.#stage.connected.getClient();
  }

  get #action(): ActionListener | undefined {
    return this.#case === undefined ? undefined : this.action(this.#case);
  }

  #answers(topic: string): Publish[] {
    return publishesOf(this.#case).filter((each) => each.topic.endsWith(topic));
  }

  #events(type: string): Readonly<Record<string, unknown>>[] {
    return publishesOf(this.#case).flatMap(({ payload }) => ((payload['services'] ?? []) as { event_type?: string; paras?: Record<string, unknown> }[]).filter(({ event_type: each }) => each === type).map(({ paras }) => paras ?? {}));
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const callbacksOf = (recorded: Case): string[] => ((recorded['callbacks'] ?? []) as { name: string }[]).map(({ name }) => name);
const publishesOf = (recorded: Case | undefined): Publish[] => ((recorded?.['publishes'] ?? []) as Publish[]).filter(({ payload }) => typeof payload === 'object' && payload !== null);
