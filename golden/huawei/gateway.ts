// The gateway of the recorded program, and the calls that are a gateway's.
import {
  AbstractGateway,
  AddedSubDeviceInfo,
  DeviceInfo,
  DeviceMessage,
  DeviceProperty,
  DeviceStatus,
  ServiceProperty,
  type Command,
  type DeviceEvents,
  type PropSet,
  type PropsGet,
  type SubDevicesInfo,
} from 'lianyun/huawei';
import type { Case } from '../transcript.ts';
import { camelMembers } from '../words.ts';
import type { Call, Scene } from './scene.ts';

type Members = Readonly<Record<string, unknown>>;

const sub = 'product01_sub01';

/** What the recorded program kept of its sub-devices: those that were added, by node, whatever was deleted. */
class Persistence {
  readonly #scene: Scene;
  readonly #devices = new Map<string, DeviceInfo>();
  #version = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  getSubDevice(nodeId: string): DeviceInfo | undefined {
    return this.#devices.get(nodeId);
  }

  addSubDevices(info: SubDevicesInfo): number {
    this.#scene.listeners.note('SubDevicesPersistence.add_sub_devices', [info]);
    for (const device of info.devices) this.#devices.set(device.nodeId ?? '', device);
    if (info.devices.length > 0 || info.version !== undefined) this.#version = info.version ?? this.#version;
    return 0;
  }

  deleteSubDevices(info: SubDevicesInfo): number {
    this.#scene.listeners.note('SubDevicesPersistence.delete_sub_devices', [info]);
    return 0;
  }

  /** What a case says that the program had, else what the notices said. */
  getVersion(): number {
    const recorded = versionIn(this.#scene.listeners.current);
    return recorded ?? this.#version;
  }
}

const versionIn = (recorded: Case | undefined): number | undefined => ((recorded?.['publishes'] ?? []) as { payload: { services?: { paras?: { version?: number } }[] } }[])[0]?.payload.services?.[0]?.paras?.version;

/** A gateway that notes what it is asked for sub-devices, as the recorded one did, and answers as that did. */
export class GoldenGateway extends AbstractGateway {
  readonly #scene: Scene;

  constructor(scene: Scene, ...rest: ConstructorParameters<typeof AbstractGateway> extends [unknown, ...infer R] ? R : never) {
    super(new Persistence(scene), ...rest);
    this.#scene = scene;
  }

  override onSubDevCommand(requestId: string, command: Command): void {
    this.#note('on_sub_dev_command', [requestId, command]);
    this.#scene.listeners.answerCommand(requestId);
  }

  override onSubDevPropertiesSet(requestId: string, propSet: PropSet): void {
    this.#note('on_sub_dev_properties_set', [requestId, propSet]);
    this.#scene.listeners.answerSet(requestId);
  }

  override onSubDevPropertiesGet(requestId: string, propsGet: PropsGet): void {
    this.#note('on_sub_dev_properties_get', [requestId, propsGet]);
    this.#scene.listeners.answerGet(requestId);
  }

  override onSubDevMessage(message: DeviceMessage): void {
    this.#note('on_sub_dev_message', [message]);
  }

  override onSubDevEvent(deviceEvents: DeviceEvents): void {
    this.#note('on_sub_dev_event', [deviceEvents]);
  }

  /** Under the name that the transcript has for the gateway's class. */
  #note(method: string, args: readonly unknown[]): void {
    const { listeners, options } = this.#scene;
    const known = options.cases.flatMap((each) => ((each['callbacks'] ?? []) as { name: string }[]).map(({ name }) => name)).find((name) => /\.on_sub_dev_/.test(name));
    // A program that overrode nothing heard nothing.
    if (known !== undefined) listeners.note(`${known.slice(0, known.indexOf('.'))}.${method}`, args);
  }
}

const gateway = ({ connected }: Scene): AbstractGateway => {
  if (!(connected instanceof AbstractGateway)) throw new Error('the device of this scenario is no gateway');
  return connected;
};
const services = (value: unknown): ServiceProperty[] => (value as Members[]).map((each) => new ServiceProperty(camelMembers(each)));
/** What was published shows what a call was given that does not say it. */
const published = <T>(recorded: Case, read: (payload: Members) => T): T => read((recorded['publishes'] as { payload: Members }[])[0]?.payload ?? {});
const parasOf = (recorded: Case): Members => published(recorded, ({ services: list }) => (list as { paras: Members }[])[0]?.paras ?? {});
const devicesOf = (recorded: Case): Members[] => published(recorded, ({ devices }) => (devices ?? []) as Members[]);

/** Extension info that the recorded program left out is shown as empty text. */
const withoutEmpty = (members: Members): Members => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== ''));

export const GATEWAY_CALLS: Readonly<Record<string, Call>> = {
  'AbstractGateway.connect': (scene, { call }) => scene.connect(call),
  report_sub_device_message: (scene, recorded) => {
    const message = published(recorded, (payload) => new DeviceMessage(camelMembers(withoutEmpty(payload))));
    const { device_id: device } = recorded.call;
    gateway(scene).reportSubDeviceMessage(typeof device === 'string' ? Object.assign(message, { objectDeviceId: device }) : message, scene.listeners.action(recorded));
  },
  report_sub_device_properties: (scene, recorded) => {
    const { device_id: device = sub, services: given = devicesOf(recorded)[0]?.['services'] ?? [] } = recorded.call;
    gateway(scene).reportSubDeviceProperties(String(device), services(given), scene.listeners.action(recorded));
  },
  report_batch_properties: (scene, recorded) => {
    const given = (recorded.call['device_properties'] ?? devicesOf(recorded)) as Members[];
    gateway(scene).reportBatchProperties(given.map((each) => new DeviceProperty({ deviceId: String(each['device_id']), services: services(each['services'] ?? []) })), scene.listeners.action(recorded));
  },
  report_sub_device_status: (scene, recorded) => gateway(scene).reportSubDeviceStatus(String(recorded.call['device_id']), String(recorded.call['status']), scene.listeners.action(recorded)),
  report_batch_status: (scene, recorded) => {
    const given = (recorded.call['statuses'] ?? parasOf(recorded)['device_statuses'] ?? []) as Members[];
    gateway(scene).reportBatchStatus(given.map((each) => new DeviceStatus(camelMembers(each))), scene.listeners.action(recorded));
  },
  gtw_add_sub_device: (scene, recorded) => {
    const { infos, event_id: id } = recorded.call;
    gateway(scene).gtwAddSubDevice((infos as Members[]).map((each) => new AddedSubDeviceInfo(camelMembers(each))), id as string | null, scene.listeners.action(recorded));
  },
  gtw_del_sub_device: (scene, recorded) => {
    const { del_sub_devices: devices, event_id: id } = recorded.call;
    gateway(scene).gtwDelSubDevice(devices as string[], id as string | null, scene.listeners.action(recorded));
  },
  report_sub_dev_list: (scene, recorded) => {
    const given = (recorded.call['device_infos'] ?? parasOf(recorded)['devices'] ?? []) as Members[];
    gateway(scene).reportSubDevList(given.map((each) => new DeviceInfo(camelMembers(each))), scene.listeners.action(recorded));
  },
  sync_sub_devices: (scene) => gateway(scene).syncSubDevices(),
  get_sub_device_by_node_id: (scene, { call }) => scene.shown(gateway(scene).getSubDeviceByNodeId(String(call['node_id']))),
  get_sub_device_by_device_id: (scene, { call }) => scene.shown(gateway(scene).getSubDeviceByDeviceId(String(call['device_id']))),
  'AddedSubDeviceInfo.description': () => new AddedSubDeviceInfo({ description: 'd' }).description,
};
