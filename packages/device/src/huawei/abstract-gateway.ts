import { isJsonObject, LianyunError, type JsonObject, type Message, type Op, type Vocabulary } from '@lianyun/protocol';
import { CommandRsp, DeviceEvent, DeviceMessage, IotResult, type ServiceProperty } from './data.ts';
import { checked, groupsOf, serviceOf } from './values.ts';
import {
  addedOf,
  Command,
  deletedOf,
  DeviceEvents,
  infoOf,
  PropSet,
  PropsGet,
  ScanSubDeviceNotify,
  SubDevicesInfo,
  type AddedSubDeviceInfo,
  type DeviceInfo,
  type DeviceProperty,
  type DeviceStatus,
} from './gateway-data.ts';
import { IotDevice } from './iot-device.ts';
import type { ActionListener, GtwOperateSubDeviceListener, SubDevDiscoveryListener, SubDevicesPersistence, Told } from './listeners.ts';
import { commandOf, getOf, given, setOf, type Speaker } from './speaker.ts';

type ChildHandler = (message: Message) => unknown;

/** The platform's own events of gateways, and the answer of a gateway to a search. */
const SERVICE = '$sub_device_manager';
const DISCOVERY = 'sub_device_discovery';

/**
 * A gateway with sub-devices (Huawei 9), in the words of Huawei's own SDK: extend it and override what the platform may ask of a sub-device. What is not
 * overridden is answered with a failure. The list of sub-devices is the persistence's; it is asked for with {@link syncSubDevices}.
 */
export abstract class AbstractGateway extends IotDevice {
  readonly #speaker: Speaker;
  readonly #persistence: SubDevicesPersistence;
  #discovery: SubDevDiscoveryListener | undefined;
  #operations: GtwOperateSubDeviceListener | undefined;

  /** @param subDevicesPersistence keeps the list: see {@link SubDevicesPersistence}. The rest as {@link IotDevice}. */
  constructor(subDevicesPersistence: SubDevicesPersistence, ...rest: ConstructorParameters<typeof IotDevice>) {
    super(...rest);
    const persistence = checked(subDevicesPersistence, 'AbstractGateway', ['getSubDevice', 'addSubDevices', 'deleteSubDevices', 'getVersion']);
    if (persistence === undefined) throw new LianyunError('bad-config', 'AbstractGateway needs what keeps its list of sub-devices: an object with getSubDevice, addSubDevices, deleteSubDevices and getVersion.');
    this.#persistence = persistence;
    this.#speaker = this.speaker;
    const { peer } = this.#speaker.core;
    peer.handle('child.notify', ({ body }) => this.#onNotify(body));
    peer.handle('child.add.result', ({ id, body }) => this.#tell('GtwOperateSubDeviceListener.onAddSubDeviceRsp', () => this.#operations?.onAddSubDeviceRsp(addedOf(body.children), id)));
    peer.handle('child.remove.result', ({ id, body }) => this.#tell('GtwOperateSubDeviceListener.onDelSubDeviceRsp', () => this.#operations?.onDelSubDeviceRsp(deletedOf(body.children), id)));
    // What became of a status: the vendor's SDK has no listener for it, a refusal is a problem of the gateway.
    peer.handle('child.status.result', ({ body }) => {
      for (const { code, device, error, text } of body.children) if (code !== 0) this.#speaker.core.onProblem(new LianyunError('refused', `The platform refused the status of ${device ?? 'a sub-device'}: ${error ?? ''} ${text ?? ''}`, { device: this.#speaker.device, number: code }));
    });
    this.listenToEvents();
    const { finder } = peer;
    peer.finder = {
      wake: (op) => finder?.wake(op),
      childHandler: (op, device) => this.#overridden(op) ?? finder?.childHandler(op, device),
    };
  }

  /** Registers what searches for sub-devices when the platform asks for it; null takes it back. */
  setSubDevDiscoveryListener(listener: SubDevDiscoveryListener | null): void {
    this.#discovery = checked(listener, 'setSubDevDiscoveryListener', ['onScan']);
  }

  /** Registers what hears how {@link gtwAddSubDevice} and {@link gtwDelSubDevice} ended; null takes it back. */
  setGtwOperateSubDeviceListener(listener: GtwOperateSubDeviceListener | null): void {
    this.#operations = checked(listener, 'setGtwOperateSubDeviceListener', ['onAddSubDeviceRsp', 'onDelSubDeviceRsp']);
  }

  /** A sub-device by its node id; undefined when the list has none. */
  getSubDeviceByNodeId(nodeId: string): DeviceInfo | undefined {
    return this.#persistence.getSubDevice(nodeId) ?? undefined;
  }

  /** A sub-device by its device id, `{productId}_{nodeId}`; undefined when the list has none. */
  getSubDeviceByDeviceId(deviceId: string): DeviceInfo | undefined {
    const cut = deviceId.indexOf('_');
    return cut < 0 ? undefined : this.getSubDeviceByNodeId(deviceId.slice(cut + 1));
  }

  /** Tells which sub-devices a search found (Huawei 5.5, `scan_result`). */
  reportSubDevList(deviceInfos: readonly DeviceInfo[], listener?: ActionListener | null): void {
    this.#speaker.send('event.post', { events: [{ service: DISCOVERY, name: 'scan_result', at: this.#speaker.now(), params: { devices: deviceInfos.map(wireOf) } }] }, listener);
  }

  /** Sends a message of a sub-device, which `objectDeviceId` names. */
  reportSubDeviceMessage(deviceMessage: DeviceMessage, listener?: ActionListener | null): void {
    this.getClient().reportDeviceMessage(deviceMessage, listener);
  }

  /** Reports values of a sub-device's properties (Huawei 3.5). */
  reportSubDeviceProperties(deviceId: string, services: readonly ServiceProperty[], listener?: ActionListener | null): void {
    this.reportBatchProperties([{ deviceId, services: [...services] }], listener);
  }

  /** Reports values of up to 100 sub-devices in one message (Huawei 3.5). */
  reportBatchProperties(deviceProperties: readonly DeviceProperty[], listener?: ActionListener | null): void {
    this.#reportBatch(deviceProperties, listener, false);
  }

  /** The same, packed with gzip (Huawei 2). */
  reportCompressedSubDeviceProperties(deviceProperties: readonly DeviceProperty[], listener?: ActionListener | null): void {
    this.#reportBatch(deviceProperties, listener, true);
  }

  /** Tells whether a sub-device is there. @param status `ONLINE` or `OFFLINE`. */
  reportSubDeviceStatus(deviceId: string, status: string, listener?: ActionListener | null): void {
    this.reportBatchStatus([{ deviceId, status }], listener);
  }

  /** Tells of up to 100 sub-devices whether they are there (Huawei 5.5). */
  reportBatchStatus(statuses: readonly DeviceStatus[], listener?: ActionListener | null): void {
    const wrong = statuses.find(({ status }) => status !== 'ONLINE' && status !== 'OFFLINE');
    if (wrong !== undefined) return this.#speaker.refuse(`The status of ${wrong.deviceId} is ${JSON.stringify(wrong.status)}: ONLINE or OFFLINE is expected.`, listener);
    this.#ask('child.status', { children: statuses.map(({ deviceId, status }) => ({ device: deviceId, online: status === 'ONLINE' })) }, { listener });
  }

  /** Asks the platform to create sub-devices, up to 50 (Huawei 5.5). What became of them, {@link GtwOperateSubDeviceListener} hears, with the same event id. */
  gtwAddSubDevice(addedSubDeviceInfos: readonly AddedSubDeviceInfo[], eventId?: string | null, listener?: ActionListener | null): void {
    const children = addedSubDeviceInfos.map(({ parentDeviceId, nodeId, productId, deviceId, name, description, extensionInfo }) => ({
      product: productId,
      node: nodeId,
      ...present({ device: deviceId, gateway: parentDeviceId, name, description }),
      ...(isJsonObject(extensionInfo) ? { info: extensionInfo } : {}),
    }));
    this.#ask('child.add', { children }, { id: eventId, listener });
  }

  /** Asks the platform to delete sub-devices, up to 50 (Huawei 5.5). */
  gtwDelSubDevice(delSubDevices: readonly string[], eventId?: string | null, listener?: ActionListener | null): void {
    this.#ask('child.remove', { children: [...delSubDevices] }, { id: eventId, listener });
  }

  /** Asks what has changed since the version that the persistence has (Huawei 9.2). */
  syncSubDevices(): void {
    this.#ask('child.sync', { version: this.#persistence.getVersion() }, {});
  }

  /** Sub-devices were added; hands them to the persistence. */
  onAddSubDevices(subDevicesInfo: SubDevicesInfo): Told | number {
    return this.#persistence.addSubDevices(subDevicesInfo);
  }

  /** Sub-devices were deleted; hands them to the persistence. */
  onDeleteSubDevices(subDevicesInfo: SubDevicesInfo): Told | number {
    return this.#persistence.deleteSubDevices(subDevicesInfo);
  }

  /** A command for a sub-device. Override it, and answer with `getClient().respondCommand()`. */
  onSubDevCommand(_requestId: string, _command: Command): Told {
    return undefined;
  }

  /** Values are set on a sub-device. Override it, and answer with `getClient().respondPropertiesSet()`. */
  onSubDevPropertiesSet(_requestId: string, _propSet: PropSet): Told {
    return undefined;
  }

  /** Values of a sub-device are asked for. Override it, and answer with `getClient().respondPropertiesGet()`. */
  onSubDevPropertiesGet(_requestId: string, _propsGet: PropsGet): Told {
    return undefined;
  }

  /** A message for a sub-device in the system's format. Override it. */
  onSubDevMessage(_message: DeviceMessage): Told {
    return undefined;
  }

  /** Events for a sub-device: upgrades, files, the time, and the product's own. Override it. */
  onSubDevEvent(_deviceEvents: DeviceEvents): Told {
    return undefined;
  }

  /** An event of the platform about sub-devices that is no list. @internal */
  override onOwnEvent(event: DeviceEvent): void {
    if (event.serviceId !== SERVICE) return super.onOwnEvent(event);
    const { protocol, channel, parent_device_id: parent, scan_settings: settings } = event.paras;
    if (event.eventType !== 'start_scan') return this.#speaker.core.onProblem(new LianyunError('unknown-message', `An event ${event.eventType} of ${SERVICE} arrived, which is none that a gateway knows.`, { device: this.#speaker.device }));
    this.#tell('SubDevDiscoveryListener.onScan', () => this.#discovery?.onScan(new ScanSubDeviceNotify({ ...present({ protocol, channel, parent }), ...(isJsonObject(settings) ? { settings } : {}) })));
  }

  /** Hands a message for a sub-device to the method that the program overrode. */
  #overridden(op: Op): ChildHandler | undefined {
    const base = AbstractGateway.prototype;
    const { core } = this.#speaker;
    if (op === 'command.invoke' && this.onSubDevCommand !== base.onSubDevCommand) return (message) => this.#onCommand(message as Message<'command.invoke'>);
    if (op === 'property.set' && this.onSubDevPropertiesSet !== base.onSubDevPropertiesSet) return (message) => this.#onSet(message as Message<'property.set'>);
    if (op === 'property.get' && this.onSubDevPropertiesGet !== base.onSubDevPropertiesGet) return (message) => this.#onGet(message as Message<'property.get'>);
    if (op === 'message.down' && this.onSubDevMessage !== base.onSubDevMessage) return (message) => this.#onMessage(message as Message<'message.down'>);
    // Whatever travels as an event.
    if (core.peer.codec.row(op).topic === core.peer.codec.row('event.notify').topic && this.onSubDevEvent !== base.onSubDevEvent) return (message) => this.#onEvent(op, message);
    return undefined;
  }

  #onCommand({ id = '', device, body: { service = '', name, args } }: Message<'command.invoke'>): void {
    this.#speaker.ask('AbstractGateway.onSubDevCommand', commandOf(id), {
      listener: () => this.onSubDevCommand(id, new Command({ deviceId: device, serviceId: service, commandName: name, paras: args })),
      onFailure: (why) => this.getClient().respondCommand(id, new CommandRsp({ resultCode: -1, paras: { error: why } })),
    });
  }

  #onSet({ id = '', device, body }: Message<'property.set'>): void {
    this.#speaker.ask('AbstractGateway.onSubDevPropertiesSet', setOf(id), {
      listener: () => this.onSubDevPropertiesSet(id, new PropSet({ deviceId: device, services: body.groups.map(serviceOf) })),
      onFailure: (why) => this.getClient().respondPropertiesSet(id, IotResult.failed(why)),
    });
  }

  #onGet({ id = '', device, body }: Message<'property.get'>): void {
    this.#speaker.ask('AbstractGateway.onSubDevPropertiesGet', getOf(id), {
      listener: () => this.onSubDevPropertiesGet(id, new PropsGet({ deviceId: device, serviceId: body.service ?? '' })),
      onFailure: () => this.getClient().respondPropertiesGet(id, []),
    });
  }

  #onMessage({ device, body }: Message<'message.down'>): void {
    if (!('content' in body) || typeof body.content !== 'string') return;
    const { content, name, messageId } = body;
    this.#tell('AbstractGateway.onSubDevMessage', () => this.onSubDevMessage(new DeviceMessage({ objectDeviceId: device, content, ...present({ name, id: messageId }) })));
  }

  /** As it was on the wire: this face has no words of its own for each event. */
  #onEvent(op: Op, message: Message): void {
    const { payload } = this.#speaker.core.peer.codec.encode(op, message);
    // What the codec writes for an event has this shape.
    const { services } = JSON.parse(payload.toString()) as { services: { service_id: string; event_type: string; event_time?: string; event_id?: string; paras: JsonObject }[] };
    const events = services.map((each) => new DeviceEvent({ serviceId: each.service_id, eventType: each.event_type, eventTime: each.event_time, eventId: each.event_id, paras: each.paras }));
    this.#tell('AbstractGateway.onSubDevEvent', () => this.onSubDevEvent(new DeviceEvents({ deviceId: message.device, services: events })));
  }

  #onNotify({ change, children, version }: Vocabulary['child.notify']): void {
    const info = new SubDevicesInfo({ devices: children.map(infoOf), version });
    if (change === 'added') this.#tell('AbstractGateway.onAddSubDevices', () => this.onAddSubDevices(info));
    else this.#tell('AbstractGateway.onDeleteSubDevices', () => this.onDeleteSubDevices(info));
  }

  #reportBatch(deviceProperties: readonly DeviceProperty[], listener: ActionListener | null | undefined, isPacked: boolean): void {
    this.#speaker.send('child.report', { reports: deviceProperties.map(({ deviceId, services }) => ({ device: deviceId, groups: groupsOf(services) })) }, listener, { isPacked });
  }

  /** Asks without waiting: the answer goes to a listener, by its event id. An empty one is the platform's to fill in. */
  #ask<K extends 'child.add' | 'child.remove' | 'child.status' | 'child.sync'>(op: K, body: Vocabulary[K], { id, listener }: { readonly id?: string | null | undefined; readonly listener?: ActionListener | null | undefined }): void {
    this.#speaker.send(op, body, listener, { id: id ?? '', at: this.#speaker.now() });
  }

  #tell(method: string, call: () => unknown): void {
    this.#speaker.call(method, call);
  }
}

/** What is there of some members. */
function present<T extends Readonly<Record<string, unknown>>>(members: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => typeof value === 'string' && given(value) !== undefined)) as { [K in keyof T]?: string };
}

const wireOf = (info: DeviceInfo): JsonObject =>
  present({
    parent_device_id: info.parentDeviceId,
    node_id: info.nodeId,
    device_id: info.deviceId,
    name: info.name,
    description: info.description,
    manufacturer_id: info.manufacturerId,
    model: info.model,
    product_id: info.productId,
    fw_version: info.fwVersion,
    sw_version: info.swVersion,
    status: info.status,
  });
