import type { AnyDialect, DeviceMessage, DeviceRef, Dialect, Op, OpsOf, tencent } from '@lianyun/protocol';
import { DeviceCore } from './device.ts';
import type { DeviceOptions, ModelCheck } from './options.ts';
import type { EventsService } from './services/events.ts';
import type { GatewayChild } from './services/gateway-child.ts';
import type { GatewayService } from './services/gateway.ts';
import type { MessagesService } from './services/messages.ts';
import type { PropertiesService } from './services/properties.ts';
import type { ShadowService } from './services/shadow.ts';

/** The members of a service that a cloud can do: what it cannot do is not there to be called, nor what the SDK itself uses (`never`). */
type Able<S, Needs extends Partial<Record<keyof S, Op>>, Ops> = {
  readonly [K in keyof S as K extends keyof Needs ? ([Needs[K]] extends [never] ? never : Needs[K] extends Ops ? K : never) : K]: S[K];
};

/** The services of a device on the cloud `D`. */
interface Services<D extends AnyDialect> {
  readonly properties: Able<PropertiesService, { onGet: 'property.get'; set: never; handlesSet: never }, OpsOf<D>>;
  readonly shadow: Able<ShadowService, { get: 'shadow.get'; clear: 'shadow.clear'; resync: never }, OpsOf<D>>;
  readonly events: Able<EventsService, { onNotify: 'event.notify' }, OpsOf<D>>;
  /** Tencent carries bytes only. */
  readonly messages: MessagesService<D extends typeof tencent ? Extract<DeviceMessage, { bytes: Uint8Array }> : DeviceMessage>;
  readonly gateway: Omit<GatewayService, 'child' | 'onOnline'> & {
    /** A sub-device with handlers of its own: what the cloud asks of it never reaches this gateway's. The same object for the same device. */
    child(device: DeviceRef, options?: { readonly model?: ModelCheck }): Omit<GatewayChild, keyof Services<D>> & Pick<Services<D>, Extract<keyof Services<D>, keyof GatewayChild>>;
  };
}

type Internal = 'onPublish' | 'onSubscriptionRefused' | 'onOnline' | 'onOffline' | 'onClosed' | 'onProblem' | 'credentials' | 'resync';

/** A device on the cloud `D`: connect, report, answer. What its cloud cannot do is absent from the type and refused in JavaScript. */
export type Device<D extends AnyDialect = Dialect> = Omit<DeviceCore, keyof Services<D> | Internal> & Services<D>;

/** Makes a device; it connects when `connect()` is called. Throws `bad-config` naming the option that is wrong. */
export const Device = DeviceCore as unknown as new <D extends AnyDialect>(options: DeviceOptions<D>) => Device<D>;

export { huawei, tencent, isLianyunError, LianyunError, ERROR_TABLE, parseExact, stringifyExact } from '@lianyun/protocol';
export type {
  ChildInfo,
  ChildResult,
  CommandResult,
  DeviceEvent,
  DeviceInfo,
  DeviceMessage,
  ErrorCode,
  ErrorPlace,
  HuaweiIdentity,
  JsonObject,
  JsonValue,
  Outcome,
  PropertyGroup,
  Receipt,
  TencentIdentity,
} from '@lianyun/protocol';
export type { CloseReport } from './device.ts';
export type { DeviceEvents } from './device-events.ts';
export type { DeviceOptions, ModelCheck } from './options.ts';
export type { OutboxBounds } from './outbox.ts';
export { reply, type CommandCall, type CommandHandler, type CommandReply } from './services/commands.ts';
export type { CloudEvent, NotifyHandler } from './services/events.ts';
export type { CloudMessage, MessageHandler } from './services/messages.ts';
export { MemoryTopology, type KnownChild, type TopologyStore } from './services/gateway-topology.ts';
export type { GatewayChild } from './services/gateway-child.ts';
export type { GatewayChange, GatewayChangeHandler, GatewayWait, NewChild } from './services/gateway.ts';
export type { GetHandler, PropertyGet, PropertySet, SetHandler } from './services/properties.ts';
export type { ShadowState } from './services/shadow.ts';
export type { TimeSync } from './services/time.ts';
export type { TopicHandler, TopicMessage } from './services/topics.ts';
export type { DisconnectReason, SessionState } from './session-state.ts';
