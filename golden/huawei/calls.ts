// Each api of Huawei's transcripts, and the call of the face that it is.
import path from 'node:path';
import { DeviceBaseInfo, DeviceEvent, DeviceMessage, CommandRsp, IotResult, OTAService, ServiceProperty } from 'lianyun/huawei';
import type { JsonObject } from 'lianyun';
import type { Case } from '../transcript.ts';
import { camelMembers } from '../words.ts';
import { GATEWAY_CALLS } from './gateway.ts';
import type { Call, Scene } from './scene.ts';
import { SERVICE_CALLS } from './services.ts';

type Members = Readonly<Record<string, unknown>>;

const listener = (stage: Scene, recorded: Case) => stage.listeners.action(recorded);
const servicesOf = (value: unknown): ServiceProperty[] => (value as Members[]).map((each) => new ServiceProperty(camelMembers(each)));
/** The transcripts write what JSON has no numbers for as text. */
function numbersIn(recorded: Case, services: ServiceProperty[]): ServiceProperty[] {
  const [publish] = (recorded['publishes'] ?? []) as { payload: unknown }[];
  if (typeof publish?.payload !== 'string') return services;
  return services.map((service) => new ServiceProperty({ ...service, properties: Object.fromEntries(Object.entries(service.properties).map(([name, value]) => [name, value === 'NaN' || value === 'Infinity' ? Number(value) : value])) }));
}

/** What JSON cannot write. */
function endless(): object {
  const value: Record<string, unknown> = {};
  value['value'] = value;
  return value;
}

/** The values of the vendor's program are not always what the types say. */
const as = <T>(value: unknown): T => value as T;

export const CALLS: Readonly<Record<string, Call>> = {
  ...GATEWAY_CALLS,
  ...SERVICE_CALLS,
  'IotDevice.__init__': (stage, { call }) => stage.make(call) !== undefined,
  'IotDevice.connect': (stage, { call }) => stage.connect(call),
  'IotDevice.connect (bootstrap)': (stage, { call }) => stage.connect(call),
  'IotDevice.destroy': async (stage) => {
    await stage.connected.destroy();
  },
  '(network loss)': (stage) => stage.options.wire.cut(),

  'DeviceClient.report_event': (stage, recorded) => {
    const { device_event: event } = recorded.call;
    stage.connected.getClient().reportEvent(as(event === null ? null : new DeviceEvent(camelMembers(event as Members))), listener(stage, recorded));
  },
  'DeviceClient.report_sub_event': (stage, recorded) => {
    const [paras] = recordedEvents(recorded);
    stage.connected.getClient().reportSubEvent(as(recorded.call['sub_device_id']), new DeviceEvent({ serviceId: 's', eventType: 't', paras: as(paras ?? {}) }), listener(stage, recorded));
  },
  'DeviceClient.report_device_info': (stage, recorded) => {
    const { device_base_info: info, listener: _, ...members } = recorded.call;
    stage.connected.getClient().reportDeviceInfo(as(info === null ? null : new DeviceBaseInfo(camelMembers(members))), listener(stage, recorded));
  },
  'DeviceClient.report_properties': (stage, recorded) => {
    const { services } = recorded.call;
    // The transcripts cannot show what JSON cannot hold.
    const given = 'services' in recorded.call ? as<ServiceProperty[]>(services === null ? null : numbersIn(recorded, servicesOf(services))) : [new ServiceProperty({ serviceId: 's', properties: { x: as(endless()) } })];
    stage.connected.getClient().reportProperties(given, listener(stage, recorded));
  },
  'DeviceClient.report_device_message': (stage, recorded) => {
    const { device_message: message, content } = recorded.call;
    const given = message === null ? null : message === undefined ? new DeviceMessage({ content: as(content === 'bytes' ? Buffer.from('x') : content) }) : new DeviceMessage(camelMembers(message as Members));
    stage.connected.getClient().reportDeviceMessage(as(given), listener(stage, recorded));
  },
  'DeviceClient.publish_raw_message': (stage, recorded) => {
    const { topic, payload, qos } = recorded.call;
    stage.connected.getClient().publishRawMessage({ topic: as(topic), payload: rawPayload(recorded, payload), qos: as(qos ?? recordedQos(recorded)) }, listener(stage, recorded));
  },
  'DeviceClient.subscribe_topic': (stage, { call }) => {
    stage.connected.getClient().subscribeTopic(as(call['topic']), as(call['qos']));
  },
  'DeviceClient.respond_command': (stage, recorded) => {
    const { request_id: id, command_response: response } = recorded.call;
    stage.connected.getClient().respondCommand(as(id), new CommandRsp(camelMembers(response as Members)), listener(stage, recorded));
  },
  'DeviceClient.respond_properties_get': (stage, recorded) => {
    const { request_id: id, services = recordedServices(recorded) } = recorded.call;
    stage.connected.getClient().respondPropertiesGet(as(id), servicesOf(services), listener(stage, recorded));
  },
  'DeviceClient.respond_properties_set': (stage, recorded) => {
    const { request_id: id, iot_result: result } = recorded.call;
    stage.connected.getClient().respondPropertiesSet(as(id), new IotResult(camelMembers(result as Members)), listener(stage, recorded));
  },
  'DeviceClient.get_device_shadow': (stage, recorded) => {
    const { request_id: id, service_id: service, object_device_id: device } = recorded.call;
    stage.connected.getClient().getDeviceShadow(as(id ?? requestIn(recorded)), as(service), as(device), listener(stage, recorded));
  },
  'DeviceClient.set_device_shadow_listener': (stage) => stage.connected.getClient().setDeviceShadowListener(as({})),
  'DeviceClient.set_rule_action_handler': (stage) => stage.connected.getClient().setRuleActionHandler(as({})),
  'OTAService.set_ota_listener': (stage) => stage.connected.getOtaService().setOtaListener(as({})),
  'TimeSyncService.set_listener': (stage) => stage.connected.getTimeSyncService().setListener(as({})),
  'FileManagerService.set_listener': (stage) => stage.connected.getFileManagerService().setListener(as({})),
  'DeviceClient.set_command_listener': (stage) => stage.connected.getClient().setCommandListener(as({})),
  'DeviceClient.set_properties_listener': (stage) => stage.connected.getClient().setPropertiesListener(as({})),
  'DeviceClient.set_property_listener': (stage) => stage.connected.getClient().setPropertyListener(null),
  'DeviceClient.set_device_msg_listener': (stage) => stage.connected.getClient().setDeviceMsgListener(as({})),
  'DeviceClient.set_raw_device_msg_listener': (stage) => stage.connected.getClient().setRawDeviceMsgListener(as({})),

  'OTAService constants': () =>
    Object.fromEntries(Object.getOwnPropertyNames(OTAService).filter((name) => name.startsWith('OTA_CODE_')).map((name) => [name, as<Members>(OTAService)[name]])),
  'OTAService.report_version': (stage, recorded) => {
    const { args = [recorded.call['fw_version'], recorded.call['sw_version']] } = recorded.call;
    const [firmware, software] = args as (string | null | undefined)[];
    stage.connected.getOtaService().reportVersion(firmware, software, listener(stage, recorded));
  },
  'OTAService.report_ota_status': (stage, recorded) => {
    const [code, version, progress, description] = (recorded.call['result_code,version,progress,description'] ?? [0, 'v']) as [number, string, number?, string?];
    stage.connected.getOtaService().reportOtaStatus(code, version, progress, description, listener(stage, recorded));
  },
  'TimeSyncService.request_time_sync': (stage, recorded) => stage.connected.getTimeSyncService().requestTimeSync(listener(stage, recorded)),
  'TimeSyncService.get_listener': (stage) => (stage.connected.getTimeSyncService().getListener() === undefined ? null : 'TL'),

  'FileManagerService.get_upload_file_url': (stage, recorded) => stage.connected.getFileManagerService().getUploadFileUrl(as(recorded.call['file_name']), as(recorded.call['file_attributes']), listener(stage, recorded)),
  'FileManagerService.get_download_file_url': (stage, recorded) => stage.connected.getFileManagerService().getDownloadFileUrl(as(recorded.call['file_name']), as(recorded.call['file_attributes']), listener(stage, recorded)),
  'FileManagerService.upload_file': async (stage, { call }) => stage.connected.getFileManagerService().uploadFile(as(call['file_name']), await stage.file(call['file_path']), as(call['file_attributes'])),
  'FileManagerService.download_file': (stage, { call }) => stage.connected.getFileManagerService().downloadFile(as(call['file_name']), path.join(stage.options.directory, as(call['file_path'] ?? 'd')), as(call['file_attributes'])),
  'FileManagerService.report_upload_result': (stage, recorded) => {
    const [object, code, status, text] = resultOf(recorded);
    stage.connected.getFileManagerService().reportUploadResult(object, code, status, text, listener(stage, recorded));
  },
  'FileManagerService.report_download_result': (stage, recorded) => {
    const [object, code, status, text] = resultOf(recorded);
    stage.connected.getFileManagerService().reportDownloadResult(object, code, status, text, listener(stage, recorded));
  },

  report_device_message: async (stage, recorded) => {
    if (recorded.call['brokerAcks'] === false) {
      await stage.another({ id: deviceIn(recordedTopic(recorded)), qos: recordedQos(recorded) });
      stage.options.wire.acknowledges = false;
    }
    stage.connected.getClient().reportDeviceMessage('x', listener(stage, recorded));
  },
  'report_properties (rule engine)': (stage, { call: { service_id: serviceId, ...properties } }) =>
    stage.connected.getClient().reportProperties([new ServiceProperty({ serviceId: as(serviceId), properties: as(properties) })]),
  report_properties: (stage) => stage.connected.getClient().reportProperties([new ServiceProperty({ serviceId: 'a', properties: { x: 1 } })]),
  report_event: (stage) => stage.connected.getClient().reportEvent(new DeviceEvent({ serviceId: 'a', eventType: 't' })),
  respond_command: (stage, recorded) => stage.connected.getClient().respondCommand(requestIn(recorded), new CommandRsp()),
  get_device_shadow: (stage, recorded) => stage.connected.getClient().getDeviceShadow(requestIn(recorded), 's'),
  publish_raw_message: (stage, recorded) => stage.connected.getClient().publishRawMessage({ topic: recordedTopic(recorded), payload: 'x' }),

  'report_device_message while offline': async (stage, recorded) => {
    const { call } = recorded;
    if (call['max_buffer_message'] === 0) {
      await stage.another({ id: deviceIn(recordedTopic(recorded)) }, { isRecorded: true });
      await stage.connected.destroy();
      stage.connected.getClient().reportDeviceMessage('offline');
      return;
    }
    const action = listener(stage, recorded);
    stage.options.wire.cut();
    await new Promise((resolve) => stage.connected.device.once('offline', () => resolve(undefined)));
    for (let index = 0; index < Number(call['count'] ?? 1); index++) stage.connected.getClient().reportDeviceMessage(`offline-${index}`, action);
    await new Promise((resolve) => stage.connected.device.once('online', () => resolve(undefined)));
  },
};

function resultOf(recorded: Case): [string, number, number?, string?] {
  const [paras] = recordedEvents(recorded);
  return (recorded.call['object_name,result_code,status_code,status_description'] ?? [paras?.['object_name'], paras?.['result_code']]) as [string, number, number?, string?];
}

/** What the recorded program gave where the call does not say it. */
const recordedServices = (recorded: Case): unknown => (recorded['publishes'] as { payload: { services: unknown } }[])[0]?.payload.services;
const recordedEvents = (recorded: Case): (JsonObject | undefined)[] => (recorded['publishes'] as { payload: { services: { paras: JsonObject }[] } }[]).flatMap(({ payload }) => payload.services.map(({ paras }) => paras));
const recordedTopic = (recorded: Case): string => (recorded['publishes'] as { topic: string }[])[0]?.topic ?? '';
const requestIn = (recorded: Case): string => recordedTopic(recorded).split('request_id=')[1] ?? 'r';
const deviceIn = (topic: string): string => topic.split('/')[2] ?? '';
const recordedQos = (recorded: Case): unknown => (recorded['publishes'] as { qos: number }[])[0]?.qos;

function rawPayload(recorded: Case, payload: unknown): string | Buffer {
  if (payload === undefined) return (recorded['publishes'] as { payload: string }[])[0]?.payload ?? 'hi';
  if (payload === null) return '';
  if (typeof payload === 'object' && '$base64' in payload) return Buffer.from(String(payload.$base64), 'base64');
  return typeof payload === 'string' ? payload : JSON.stringify(payload);
}

