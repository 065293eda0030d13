import { failedReceipt, LianyunError, readEventTime, type Message, type Receipt } from '@lianyun/protocol';
import { CommandRsp, DeviceBaseInfo, DeviceMessage, IotResult, RawDeviceMessage, RawMessage, shadowOf, type ServiceProperty, type DeviceEvent } from './data.ts';
import type { ActionHandler, ActionListener, CommandListener, ConnectActionListener, ConnectListener, DeviceConfigListener, DeviceMessageListener, DeviceShadowListener, PropertyListener, RawDeviceMessageListener, RawMessageListener } from './listeners.ts';
import type { ConnectListeners } from './connect-listeners.ts';
import { DeviceRules, type RuleChoice } from './rules.ts';
import type { Services } from './services.ts';
import { SDK } from '../services/info.ts';
import type { Command } from './gateway-data.ts';
import { commandOf, getOf, given, setOf, type Speaker } from './speaker.ts';
import { checked, groupsOf, isJson, named, serviceOf } from './values.ts';

/** A message to any topic of the device; {@link RawMessage} is one. */
export interface RawMessageLike {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  /** 0 or 1; 1 when left out. */
  readonly qos?: 0 | 1 | null;
}

/** The options of {@link DeviceClient.getDeviceShadow}. */
export interface ShadowRequest {
  readonly requestId: string;
  readonly serviceId?: string;
  readonly objectDeviceId?: string;
}

/** Properties, commands, messages, events, shadow and information of a device (seed 1.2). */
export class DeviceClient {
  readonly #speaker: Speaker;
  readonly #services: Services;
  readonly #rules: DeviceRules;
  readonly #connection: ConnectListeners;
  #commandListener: CommandListener | undefined;
  #propertyListener: PropertyListener | undefined;
  #messageListener: DeviceMessageListener | undefined;
  #rawMessageListener: RawDeviceMessageListener | undefined;
  #shadowListener: DeviceShadowListener | undefined;
  #forgetConfig: (() => void) | undefined;

  /** @internal */
  constructor(speaker: Speaker, { services, rules, connection }: { readonly services: Services; readonly rules: RuleChoice | undefined; readonly connection: ConnectListeners }) {
    this.#speaker = speaker;
    this.#services = services;
    this.#connection = connection;
    this.#rules = new DeviceRules(speaker, { options: rules, invoke: (id, call) => this.#onRuleCommand(id, call) });
    const { peer } = speaker.core;
    const own = `$oc/devices/${speaker.device}/sys/messages/down`;
    speaker.core.tap = (topic, payload) => {
      const listener = this.#rawMessageListener;
      // The bytes belong to the connection: the message copies them.
      if (listener !== undefined && topic === own) speaker.call('RawDeviceMessageListener.onRawDeviceMessage', () => listener.onRawDeviceMessage(new RawDeviceMessage(payload)));
    };
    // Each gives no answer: the listener does, by respondCommand() and its like.
    peer.handle('command.invoke', (message) => this.#onCommand(message) as never);
    peer.handle('property.set', (message) => this.#onSet(message) as never);
    peer.handle('property.get', (message) => this.#onGet(message) as never);
    peer.handle('message.down', (message) => this.#onMessage(message));
    const onShadow = (message: Message<'shadow.state'>): void => this.#onShadow(message);
    peer.handle('shadow.state', onShadow);
    // The shadow of a sub-device as well: the listener is told whose it is.
    const { finder } = peer;
    peer.finder = {
      wake: (op) => finder?.wake(op),
      childHandler: (op, device) => (op === 'shadow.state' ? (message) => onShadow(message as Message<'shadow.state'>) : finder?.childHandler(op, device)),
    };
  }

  /** Tells of an event (seed 3.1, Huawei 5.10). */
  reportEvent(deviceEvent: DeviceEvent, listener?: ActionListener | null): void {
    this.#reportEvent(this.#speaker.device, deviceEvent, listener);
  }

  /** Tells of an event of a sub-device; null: of this device. */
  reportSubEvent(subDeviceId: string | null | undefined, deviceEvent: DeviceEvent, listener?: ActionListener | null): void {
    this.#reportEvent(given(subDeviceId) ?? this.#speaker.device, deviceEvent, listener);
  }

  /** Registers what takes commands (seed 4.1); null takes it back. */
  setCommandListener(listener: CommandListener | null): void {
    this.#commandListener = checked(listener, 'setCommandListener', ['onCommand']);
  }

  /** Answers a command (seed 4.1, Huawei 4.2). */
  respondCommand(requestId: string, commandResponse: CommandRsp, listener?: ActionListener | null): void {
    this.#speaker.answered(commandOf(requestId));
    // A rule's command was asked for by nobody.
    if (this.#rules.owns(requestId)) return this.#speaker.tell(DELIVERED, listener);
    const { resultCode, responseName, paras } = commandResponse;
    const name = given(responseName);
    this.#speaker.send('command.result', { code: resultCode, output: paras, ...(name === undefined ? {} : { name }) }, listener, { id: requestId });
  }

  /** Registers what takes messages in the system's format (seed 5.1); null takes it back. */
  setDeviceMsgListener(listener: DeviceMessageListener | null): void {
    this.#messageListener = checked(listener, 'setDeviceMsgListener', ['onDeviceMessage']);
  }

  /** Registers what takes every message as the bytes that it is; null takes it back. */
  setRawDeviceMsgListener(listener: RawDeviceMessageListener | null): void {
    this.#rawMessageListener = checked(listener, 'setRawDeviceMsgListener', ['onRawDeviceMessage']);
  }

  /** Sends a message (seed 5.1, Huawei 3.1). Text alone is sent as its content. */
  reportDeviceMessage(deviceMessage: DeviceMessage | string, listener?: ActionListener | null): void {
    this.#reportMessage(deviceMessage, listener, false);
  }

  /** The same, packed with gzip (Huawei 2). */
  reportCompressedDeviceMessage(deviceMessage: DeviceMessage | string, listener?: ActionListener | null): void {
    this.#reportMessage(deviceMessage, listener, true);
  }

  /** Publishes bytes to a topic of the device: its own system topics, or custom ones. */
  publishRawMessage(rawMessage: RawMessageLike, listener?: ActionListener | null): void {
    const { topic, payload, qos } = rawMessage;
    this.#speaker.tell(this.#speaker.core.topics.publish(topic, payload, { qos: qos ?? 1 }), listener);
  }

  /**
   * Subscribes a custom topic, wildcards included, now and after every reconnect. What arrives is handed to the listener, or to a function in its place.
   * Returns what takes it back. Throws `bad-input`, `not-permitted`.
   */
  subscribeTopic(topic: string, qos?: 0 | 1 | null, messageListener?: RawMessageListener | RawMessageListener['onMessageReceived'] | null): () => void {
    const told = typeof messageListener === 'function' ? messageListener : checked(messageListener ?? null, 'subscribeTopic', ['onMessageReceived'])?.onMessageReceived.bind(messageListener);
    return this.#speaker.core.topics.subscribe(topic, ({ topic: name, payload }) => told?.(new RawMessage(name, payload)), { qos: qos ?? 1 });
  }

  /** Registers what takes property sets and gets (seed 6.1); null takes it back. */
  setPropertiesListener(listener: PropertyListener | null): void {
    this.#propertyListener = checked(listener, 'setPropertiesListener', ['onPropertySet', 'onPropertyGet']);
  }

  /** The name that the vendor's overview has for {@link setPropertiesListener}. */
  setPropertyListener(listener: PropertyListener | null): void {
    this.setPropertiesListener(listener);
  }

  /** Answers a property get (seed 6.1, Huawei 3.7). */
  respondPropertiesGet(requestId: string, services: readonly ServiceProperty[], listener?: ActionListener | null): void {
    this.#speaker.answered(getOf(requestId));
    this.#speaker.send('property.get.result', { groups: groupsOf(services) }, listener, { id: requestId });
  }

  /** Answers a property set (seed 6.1, Huawei 3.6). Left out or null: success. */
  respondPropertiesSet(requestId: string, iotResult?: IotResult | null, listener?: ActionListener | null): void {
    const { resultCode, resultDesc } = iotResult ?? IotResult.SUCCESS;
    const text = given(resultDesc);
    this.#speaker.answered(setOf(requestId));
    this.#speaker.send('property.set.result', { code: resultCode, ...(text === undefined ? {} : { text }) }, listener, { id: requestId });
  }

  /** Reports values of properties (seed 6.1, Huawei 3.4). */
  reportProperties(services: readonly ServiceProperty[], listener?: ActionListener | null): void {
    this.#reportProperties(services, listener, false);
  }

  /** The same, packed with gzip (Huawei 2). */
  reportCompressedProperties(services: readonly ServiceProperty[], listener?: ActionListener | null): void {
    this.#reportProperties(services, listener, true);
  }

  /** Asks for the shadow (seed 6.1, Huawei 3.9); the listener of {@link setDeviceShadowListener} takes it. Left out: of all services, of this device. */
  getDeviceShadow(requestId: string | ShadowRequest, serviceId?: string | null | ActionListener, objectDeviceId?: string | null, listener?: ActionListener | null): void {
    const isOptions = typeof requestId === 'object';
    const request = isOptions ? requestId : { requestId, serviceId: serviceId as string | null | undefined, objectDeviceId };
    const action = isOptions ? ((serviceId as ActionListener | null | undefined) ?? listener) : listener;
    const [service, device] = [given(request.serviceId), given(request.objectDeviceId)];
    this.#speaker.send('shadow.get', service === undefined ? {} : { service }, action, { id: request.requestId, ...(device === undefined ? {} : { device }) });
  }

  /** Registers what takes shadows (seed 6.1); null takes it back. */
  setDeviceShadowListener(listener: DeviceShadowListener | null): void {
    this.#shadowListener = checked(listener, 'setDeviceShadowListener', ['onShadowGet']);
  }

  /** Hears of the connection from now on; returns what takes it back. */
  addConnectListener(listener: ConnectListener): () => void {
    return this.#connection.add(listener);
  }

  /** Registers what hears how `IotDevice.connect()` ended; null takes it back. */
  setConnectActionListener(listener: ConnectActionListener | null): void {
    this.#connection.action = checked(listener, 'setConnectActionListener', ['onSuccess', 'onFailure']);
  }

  /** Tells about the device (seed 8.1, Huawei 5.7); the SDK's name and version are added. */
  reportDeviceInfo(deviceBaseInfo: DeviceBaseInfo = new DeviceBaseInfo(), listener?: ActionListener | null): void {
    const { fwVersion, swVersion } = deviceBaseInfo;
    this.#speaker.send('info.report', { sdk: SDK, ...named({ firmware: fwVersion, software: swVersion }) }, listener, { at: this.#speaker.now() });
  }

  /** Registers what does the actions of the device's rules, instead of the command listener (Huawei 10.3); null takes it back. */
  setRuleActionHandler(handler: ActionHandler | null): void {
    this.#rules.handler = checked(handler, 'setRuleActionHandler', ['handleRuleAction']);
  }

  /**
   * Registers what takes the configuration that the platform gives this device (Huawei 5.8); null takes it back. What the listener gives is the answer. Without a listener there is none, and the
   * platform gives it again.
   */
  setDeviceConfigListener(listener: DeviceConfigListener | null): void {
    const taker = checked(listener, 'setDeviceConfigListener', ['onDeviceConfig']);
    this.#forgetConfig?.();
    this.#forgetConfig = undefined;
    if (taker === undefined) return;
    this.#forgetConfig = this.#speaker.core.remoteConfig.onUpdate(async ({ content }) => {
      const { resultCode, resultDesc } = (await taker.onDeviceConfig(content)) ?? IotResult.SUCCESS;
      const text = given(resultDesc);
      return { code: resultCode, ...(text === undefined ? {} : { text }) };
    });
  }

  #reportMessage(deviceMessage: DeviceMessage | string, listener: ActionListener | null | undefined, isPacked: boolean): void {
    const { objectDeviceId, id, name, content } = typeof deviceMessage === 'string' ? new DeviceMessage({ content: deviceMessage }) : deviceMessage;
    const device = given(objectDeviceId);
    if (!isJson(content)) return this.#speaker.tell(failedReceipt(new LianyunError('bad-input', 'The content of a message is text or JSON; bytes are sent by publishRawMessage().', { device: this.#speaker.device })), listener);
    this.#speaker.send('message.up', { content, ...named({ name, messageId: id }) }, listener, { isPacked, ...(device === undefined ? {} : { device }) });
  }

  #reportProperties(services: readonly ServiceProperty[], listener: ActionListener | null | undefined, isPacked: boolean): void {
    const groups = groupsOf(services);
    this.#speaker.send('property.report', { groups }, listener, { isPacked });
    this.#rules.reported(groups);
  }

  #reportEvent(device: string, { serviceId, eventType, eventTime, eventId, paras }: DeviceEvent, listener: ActionListener | null | undefined): void {
    const [at, id] = [readEventTime(given(eventTime)), given(eventId)];
    this.#speaker.send('event.post', { events: [{ service: serviceId, name: eventType, params: paras, ...(at === undefined ? {} : { at }), ...(id === undefined ? {} : { id }) }] }, listener, { device });
  }

  #onCommand({ id = '', body: { service = '', name, args } }: Message<'command.invoke'>): void {
    const listener = this.#commandListener;
    const failed = (why: string): void => this.respondCommand(id, new CommandRsp({ resultCode: -1, paras: { error: why } }));
    if (listener === undefined && this.#services.any) return this.#later('command', this.#services.command(service, name, args), (answer) => this.respondCommand(id, answer), failed);
    // The platform would wait in vain.
    if (listener === undefined) return failed('this device has no command listener');
    this.#speaker.ask('CommandListener.onCommand', commandOf(id), { listener: () => listener.onCommand(id, service, name, args), onFailure: failed });
  }

  /** A rule's command goes where the platform's go. */
  #onRuleCommand(id: string, { serviceId, commandName, paras }: Command): boolean {
    if (this.#commandListener === undefined && !this.#services.any) return false;
    this.#onCommand({ id, device: this.#speaker.device, via: this.#speaker.device, body: { service: serviceId, name: commandName, args: paras } });
    return true;
  }

  #onSet({ id = '', body }: Message<'property.set'>): void {
    const listener = this.#propertyListener;
    const failed = (why: string): void => this.respondPropertiesSet(id, IotResult.failed(why));
    const taken = this.#rules.take(body.groups);
    if (taken?.rest.length === 0) return this.respondPropertiesSet(id, IotResult.SUCCESS);
    const services = (taken?.rest ?? body.groups).map(serviceOf);
    if (listener === undefined && this.#services.any) return this.#later('property set', this.#services.write(services), (result) => this.respondPropertiesSet(id, result), failed);
    if (listener === undefined) return failed('this device has no property listener');
    this.#speaker.ask('PropertyListener.onPropertySet', setOf(id), { listener: () => listener.onPropertySet(id, services), onFailure: failed });
  }

  #onGet({ id = '', body }: Message<'property.get'>): void {
    const listener = this.#propertyListener;
    const failed = (): void => this.respondPropertiesGet(id, []);
    if (listener === undefined && this.#services.any) {
      const { service } = body;
      const values = service === undefined ? this.#services.readAll() : this.#services.read([service], []);
      return this.#later('property get', Promise.resolve(values), (services) => this.respondPropertiesGet(id, services), failed);
    }
    if (listener === undefined) return failed();
    this.#speaker.ask('PropertyListener.onPropertyGet', getOf(id), { listener: () => listener.onPropertyGet(id, body.service ?? ''), onFailure: failed });
  }

  /** Answers when a service has. What it throws is told, and fails the answer. */
  #later<T>(what: string, work: Promise<T>, answer: (result: T) => void, failed: (why: string) => void): void {
    this.#speaker.call(`A service's ${what}`, () => work.then(answer), failed);
  }

  #onShadow({ id = '', device, body }: Message<'shadow.state'>): void {
    const shadow = body.services.map(shadowOf);
    this.#speaker.call('DeviceShadowListener.onShadowGet', () => this.#shadowListener?.onShadowGet(id, device, shadow));
  }

  /** A message in the system's format has text as its content; any other is for the raw listener. */
  #onMessage({ device, body }: Message<'message.down'>): void {
    if (!('content' in body) || typeof body.content !== 'string') return;
    const { content, name, messageId } = body;
    const message = new DeviceMessage({ objectDeviceId: device, content, ...named({ name, id: messageId }) });
    this.#speaker.call('DeviceMessageListener.onDeviceMessage', () => this.#messageListener?.onDeviceMessage(message));
  }
}

/** What is over at once. */
const DELIVERED: Receipt = { stored: Promise.resolve(), delivered: Promise.resolve() };
