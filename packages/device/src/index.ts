import type { AnyDialect, DeviceMessage, DeviceRef, Dialect, IsTyped, Op, OpsOf, tencent } from '@lianyun/protocol';
import { DeviceCore } from './device.ts';
import type { DeviceModel } from './model.ts';
import type { DeviceOptions } from './options.ts';
import type { BindingService } from './services/binding.ts';
import type { CommandsService } from './services/commands.ts';
import type { EventsService } from './services/events.ts';
import type { FilesService } from './services/files.ts';
import type { GatewayChild } from './services/gateway-child.ts';
import type { GatewayService } from './services/gateway.ts';
import type { InfoService } from './services/info.ts';
import type { LogsService } from './services/logs.ts';
import type { MessagesService } from './services/messages.ts';
import type { OtaService } from './services/ota.ts';
import type { PropertiesService } from './services/properties.ts';
import type { RemoteConfigService } from './services/remote-config.ts';
import type { ResourcesService } from './services/resources.ts';
import type { RpcService } from './services/rpc.ts';
import type { RulesService } from './services/rules.ts';
import type { ShadowService } from './services/shadow.ts';
import type { TopicsService } from './services/topics.ts';
import type { TypedCommands } from './services/typed-commands.ts';
import type { VersionedResourcesService } from './services/versioned-resources.ts';

/** The members of a service that a cloud can do: what it cannot do is not there to be called, nor what the SDK itself uses (`never`). */
type Able<S, Needs extends Partial<Record<keyof S, Op>>, Ops> = {
  readonly [K in keyof S as K extends keyof Needs ? ([Needs[K]] extends [never] ? never : Needs[K] extends Ops ? K : never) : K]: S[K];
};

/** The services of a device on the cloud `D` with the model `M`. */
interface Services<D extends AnyDialect, M = undefined> {
  readonly properties: Able<PropertiesService<M>, { onGet: 'property.get'; set: never; handlesSet: never; rules: never }, OpsOf<D>>;
  readonly commands: IsTyped<M> extends true ? TypedCommands<M> : CommandsService;
  readonly info: Omit<InfoService, 'onOnline'>;
  readonly shadow: Able<ShadowService, { get: 'shadow.get'; clear: 'shadow.clear'; resync: never }, OpsOf<D>>;
  readonly events: Able<EventsService<M>, { onNotify: 'event.notify' }, OpsOf<D>>;
  /** Tencent carries bytes only. */
  readonly messages: Able<MessagesService<D extends typeof tencent ? Extract<DeviceMessage, { bytes: Uint8Array }> : DeviceMessage>, { onBroadcast: 'message.broadcast' }, OpsOf<D>>;
  /** Tencent upgrades firmware only. */
  readonly ota: Omit<OtaService<D extends typeof tencent ? 'firmware' : 'firmware' | 'software'>, 'onOnline'>;
  readonly logs: Logs<D>;
  readonly remoteConfig: Able<RemoteConfigService, { get: 'config.query' }, OpsOf<D>>;
  readonly gateway: Able<GatewayService, { onSearch: 'child.search'; child: never; onOnline: never; onClosed: never }, OpsOf<D>> & {
    /** A sub-device with handlers of its own: what the cloud asks of it never reaches this gateway's. The same object for the same device. */
    child<N extends DeviceModel | undefined = undefined>(device: DeviceRef, options?: { readonly model?: N }): Omit<GatewayChild, keyof Services<D> | keyof TencentServices | 'files' | 'topics' | 'onOnline'> &
      Pick<Services<D, N>, Exclude<Extract<keyof Services<D>, keyof GatewayChild>, 'logs'>> & { readonly logs: Omit<Logs<D>, 'reportConnections'> } & Files<D> &
      OnlyTencents<D> &
      ChildTopics<D>;
  };
}

/** The logs of a device on the cloud `D`: Tencent takes lines over HTTP only, see `uploadLogs`. */
type Logs<D extends AnyDialect> = Able<LogsService, { query: 'log.query'; report: 'log.report'; reportConnections: 'log.report'; onOnline: never; onOffline: never }, OpsOf<D>>;

/** A service that a cloud has as a whole or not at all. */
type Files<D extends AnyDialect> = 'file.request' extends OpsOf<D> ? { readonly files: FilesService } : object;

/** The same of rules. */
type Rules<D extends AnyDialect> = 'rule.deliver' extends OpsOf<D> ? { readonly rules: Omit<RulesService, 'take' | 'reported' | 'onOnline'> } : object;

/** What only Tencent's cloud has. */
interface TencentServices {
  readonly binding: BindingService;
  /** Files of IoT Hub's form (Tencent 7.8). */
  readonly resources: ResourcesService;
  /** Files with versions, in IoT Explorer's form (Tencent 7.9). */
  readonly versionedResources: Omit<VersionedResourcesService, 'onOnline'>;
  readonly rpc: RpcService;
}

type OnlyTencents<D extends AnyDialect> = 'rpc.call' extends OpsOf<D> ? TencentServices : object;

/** The topics of a sub-device: on Huawei it has none. */
type ChildTopics<D extends AnyDialect> = D extends typeof tencent ? { readonly topics: TopicsService } : object;

type Internal = 'peer' | 'server' | 'session' | 'tap' | 'onPublish' | 'onSubscriptionRefused' | 'onOnline' | 'onOffline' | 'onClosed' | 'onProblem' | 'credentials' | 'resync' | 'network';

/**
 * A device on the cloud `D`: connect, report, answer. What its cloud cannot do is absent from the type and refused in JavaScript. With a model
 * `M` of `defineModel()`, names and values are typed: what does not compile is refused in JavaScript by path and allowed range.
 */
export type Device<D extends AnyDialect = Dialect, M = undefined> = Omit<DeviceCore, keyof Services<D> | keyof TencentServices | 'files' | 'rules' | Internal> &
  Services<D, M> &
  Files<D> &
  Rules<D> &
  OnlyTencents<D>;

/** Makes a device; it connects when `connect()` is called. Throws `bad-config` naming the option that is wrong. */
export const Device = DeviceCore as unknown as new <D extends AnyDialect, M extends DeviceModel | undefined = undefined>(options: DeviceOptions<D, M>) => Device<D, M>;

export {
  huawei,
  tencent,
  compileModel,
  defineModel,
  ERROR_TABLE,
  forCloud,
  generateModelSource,
  isLianyunError,
  LianyunError,
  parseExact,
  readHuaweiProfile,
  readTencentTemplate,
  stringifyExact,
  toHuaweiProduct,
  toHuaweiProfile,
  toTencentTemplate,
} from '@lianyun/protocol';
export type {
  AnyModel,
  ArgsOf,
  CallOf,
  Clock,
  ChildInfo,
  ChildResult,
  CloudModel,
  CommandNames,
  CommandResult,
  CompiledModel,
  DefinedModel,
  DeviceEvent,
  DeviceInfo,
  DeviceMessage,
  DeviceRule,
  ErrorCode,
  ErrorPlace,
  EventsOf,
  FenceAlarm,
  HuaweiIdentity,
  HuaweiSignature,
  Int64,
  JsonObject,
  JsonValue,
  MessageProperties,
  MappingProblem,
  ModelLiteral,
  ModelSourceOptions,
  Outcome,
  OutputOf,
  PropertyGroup,
  Receipt,
  RegistrationForm,
  ReportOf,
  ResourceOffer,
  ResourceVersion,
  RuleAction,
  RuleCondition,
  RuleWindow,
  ServiceNames,
  SetOf,
  TencentIdentity,
  TencentLogLevel,
  TencentLogLine,
  TencentRefusal,
  ThingModel,
  UpgradeFailure,
} from '@lianyun/protocol';
export type { CloseReport, DeviceEvents } from './device-events.ts';
export type { DeviceModel, ModelCheck } from './model.ts';
export type { TlsInput, TlsOptions } from './net/tls-options.ts';
export type { DeviceOptions } from './options.ts';
export type { UploadLogsOptions } from './http/logs.ts';
export type { HttpPublishOptions } from './http/publish.ts';
export { publishOverHttp, uploadLogs } from './http/send.late.ts';
export type { HttpSenderOptions } from './http/sender.ts';
export { registerDevice } from './registration/register.late.ts';
export type { RegisteredDevice, RegistrationOptions } from './registration/register.ts';
export type { Download } from './download/download.ts';
export type { DownloadEvents, DownloadProgress } from './download/progress-feed.ts';
export type { InstallationEvents, InstallOptions, InstallStep } from './ota/install-options.ts';
export type { Installation } from './ota/installation.ts';
export type { Upgrade, UpgradeDownloadOptions, Versions } from './ota/upgrade.ts';
export type { OutboxBounds } from './outbox-room.ts';
export { provision } from './provision/provision.late.ts';
export type { Provisioned, Provisioning, ProvisionOptions } from './provision/provision.ts';
export type { ProvisionStore, StoredProvision } from './provision/store.ts';
export type { BindingChange, BindingHandler, FenceHandler } from './services/binding.ts';
export type { CommandCall, CommandHandler, CommandReply } from './services/commands.ts';
export type { CloudEvent, NotifyHandler } from './services/events.ts';
export type { FileTransfer } from './services/file-transfer.ts';
export type { DownloadedFile, DownloadFileOptions, UploadedFile, UploadFileOptions } from './services/files.ts';
export type { LogConfig, LogConfigHandler, LogEntry } from './services/logs.ts';
export type { CodedMessage, CodedMessages, MessageCodec } from './services/coded-messages.ts';
export type { CloudMessage, MessageHandler } from './services/messages.ts';
export { MemoryTopology, type KnownChild, type TopologyStore } from './services/gateway-topology.ts';
export type { GatewayChild } from './services/gateway-child.ts';
export type { GatewayChange, GatewayChangeHandler, GatewayWait, NewChild } from './services/gateway-requests.ts';
export type { GatewaySearchHandler } from './services/gateway-search.ts';
export type { OfferHandler } from './services/ota.ts';
export type { GetHandler, PropertyGet, PropertySet, SetHandler } from './services/properties.ts';
export type { RemoteConfigHandler, RemoteConfigUpdate } from './services/remote-config.ts';
export type { DownloadedResource, DownloadResourceOptions, ResourceHandler, UploadedResource, UploadResourceOptions } from './services/resources.ts';
export type { ResourceUpdate } from './services/resource-version.ts';
export type { DownloadedUpdate, RemovalHandler, ResourceUpdateHandler, UploadedVersion, UploadVersionOptions } from './services/versioned-resources.ts';
export type { RpcCall, RpcHandler } from './services/rpc.ts';
export type { RuleCommand, RuleCommandHandler, RuleOptions, RulesService } from './services/rules.ts';
export type { TypedCommands } from './services/typed-commands.ts';
export type { ShadowState } from './services/shadow.ts';
export type { TimeSync } from './services/time.ts';
export type { TopicHandler, TopicMessage } from './services/topics.ts';
export { reply } from './services/usual.late.ts';
export type { DisconnectReason, SessionState } from './session-state.ts';
