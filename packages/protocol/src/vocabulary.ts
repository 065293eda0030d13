import type { DeviceRef } from './device-ref.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { MessageProperties } from './message-properties.ts';
import type { Outcome } from './outcome.ts';
import type { ChildDraft, ChildInfo, ChildResult } from './vocabulary-gateway.ts';
import type { DeviceRule } from './vocabulary-rules.ts';
import type { FileDirection, TencentVocabulary } from './vocabulary-tencent.ts';

export type { DeviceRef } from './device-ref.ts';
export type * from './vocabulary-gateway.ts';
export type * from './vocabulary-rules.ts';
export type * from './vocabulary-tencent.ts';
export type { Outcome } from './outcome.ts';

/**
 * The words that both clouds share. A row of a dialect maps one operation to a message on the wire and back; everything
 * outside the dialect folders speaks these words only.
 */
export interface Vocabulary extends TencentVocabulary {
  /** A device tells values of its properties. */
  'property.report': { groups: readonly PropertyGroup[] };
  /** The cloud took (code 0) or refused a report. Tencent only; Huawei acknowledges with PUBACK. */
  'property.report.ack': Outcome;
  /** The cloud asks a device to change properties. */
  'property.set': { groups: readonly PropertyGroup[] };
  'property.set.result': Outcome;
  /** The cloud asks a device for live values. Huawei only. */
  'property.get': { service?: string };
  'property.get.result': { groups: readonly PropertyGroup[] };
  /** The cloud calls a command (Huawei) or an action (Tencent). */
  'command.invoke': { service?: string; name: string; args: JsonObject; /** When it was called, ms since 1970, to the second. Tencent only. */ at?: number };
  'command.result': CommandResult;
  /** A device asks for the state that the cloud keeps of it (Huawei: shadow; Tencent: get_status). */
  'shadow.get': { service?: string; include?: 'metadata' };
  'shadow.state': Outcome & { services: readonly ShadowService[] };
  /** A device tells that it has applied the desired state that waited for it. Tencent only. */
  'shadow.clear': object;
  'shadow.cleared': Outcome;

  /** A device tells of events. Huawei: one a message. `list`: Tencent's form for several, which one event may have as well. */
  'event.post': { events: readonly DeviceEvent[]; list?: true };
  /** Tencent only; has the form of what it answers. */
  'event.post.ack': Outcome & { list?: true };
  /** The cloud sends an event of the product's own services. Huawei only. */
  'event.notify': { events: readonly DeviceEvent[] };

  /** A message without a model. Huawei: messages/up and down; Tencent: the raw topics, bytes only. */
  'message.up': DeviceMessage;
  'message.down': DeviceMessage;
  /** The cloud sends the same message to every device of a product. Tencent only: Huawei's goes to a topic that the devices share. */
  'message.broadcast': DeviceMessage;

  /** A device tells about itself. */
  'info.report': DeviceInfo;
  'info.report.ack': Outcome;

  /** A device asks for the cloud's time. Instants in ms since 1970. Huawei's answer repeats `sentAt`; a Tencent device keeps it itself. */
  'time.query': { sentAt?: number };
  'time.answer': { sentAt?: number; receivedAt: number; answeredAt: number };

  /** The cloud asks which versions run. Huawei only. */
  'ota.query': OtaTask;
  /** A device tells which versions run, asked or not. */
  'ota.version': { firmware?: string; software?: string };
  'ota.version.ack': Outcome & { version?: string };
  /** The cloud offers a new version. */
  'ota.offer': OtaOffer;
  /** A device tells how far an upgrade is. */
  'ota.progress': OtaProgress;

  /** A device asks where to put or to get a file. Huawei only. */
  'file.request': { direction: FileDirection; name: string; hash?: string; bytes?: number };
  /** Where; an object that the cloud did not name is ''. */
  'file.grant': { direction: FileDirection; url: string; bucket?: string; object: string; expiresSeconds: number; hash?: string; bytes?: number };
  'file.result': { direction: FileDirection; object: string; code: number; status?: number; text?: string };

  /** A gateway has devices created under it (Huawei), or binds existing ones by their signature (Tencent). */
  'child.add': { children: readonly ChildDraft[] };
  'child.add.result': { children: readonly ChildResult[] };
  /** A gateway has devices deleted (Huawei) or unbinds them (Tencent). */
  'child.remove': { children: readonly DeviceRef[] };
  'child.remove.result': { children: readonly ChildResult[] };
  /** A gateway tells which of its devices came and went. Tencent: all the same status in one message. */
  'child.status': { children: readonly { device: DeviceRef; online: boolean }[] };
  'child.status.result': { children: readonly (ChildResult & { online?: boolean })[] };
  /** A gateway tells values of its sub-devices' properties in one message. Huawei only: elsewhere each goes by itself. */
  'child.report': { reports: readonly { device: DeviceRef; groups: readonly PropertyGroup[] }[] };
  /** A gateway asks what has changed since a version of its list. Huawei only; answered by `child.notify`, or not at all. */
  'child.sync': { version: number };
  /** A gateway asks for its list. Tencent only. */
  'child.list': object;
  'child.list.result': { children: readonly DeviceRef[] };
  /** The cloud tells a gateway that devices were added or removed. */
  'child.notify': { change: 'added' | 'removed'; children: readonly ChildInfo[]; version?: number };
  /** Tencent only. */
  'child.notify.ack': Outcome;
  /** The cloud has a gateway look for devices that could be added, or end that: a user is about to add one. Tencent only. */
  'child.search': { on: boolean };
  'child.search.ack': Outcome & { on: boolean };

  /** A device asks for the log level. Tencent only; answered by `log.config`, which also comes by itself. */
  'log.query': object;
  /** The cloud switches the upload of logs. Huawei: on or off, until when. Tencent: the level. */
  'log.config': { on: boolean; until?: number; level?: number };
  'log.report': { type: string; content: string; /** When it was written; left out: nobody said. */ at?: number };

  /** A device asks where to connect, by a word or a text that a policy knows. Huawei only, as all below. */
  'provision.request': { keyword?: string } | { text: string };
  /** Where to connect, and with which secret from now on; or why not. */
  'provision.result': { address: string; secret?: string; /** The device's first configuration, JSON as a rule. */ config?: string } | { error: string; text?: string };

  /** A device asks for rules that it is to run itself, and tells which it no longer has. */
  'rule.request': { rules: readonly string[]; removed: readonly string[] };
  'rule.deliver': { rules: readonly DeviceRule[] };

  /** The cloud gives a device its configuration. */
  'config.update': { content: JsonValue };
  'config.update.result': Outcome;
}

/** The name of an operation. */
export type Op = keyof Vocabulary;

/** Values of properties, keyed by property name. */
export interface PropertyGroup {
  /** The service of the product model (Huawei). Tencent's template has no services: left out. */
  service?: string;
  values: JsonObject;
  /** When the values were taken, ms since 1970. Left out: the cloud stamps the arrival. */
  at?: number;
}

/** What a command answered. `name` is Huawei's `response_name`. */
export interface CommandResult extends Outcome {
  name?: string;
  output?: JsonObject;
}

/** One service's part of a shadow; for Tencent the only one, without a name. Instants in ms since 1970, to the second. */
export interface ShadowService {
  service?: string;
  reported?: JsonObject;
  desired?: JsonObject;
  reportedAt?: number;
  desiredAt?: number;
  /** Rises with every change. Huawei only. */
  version?: number;
}

/** An event: of a service of the product (Huawei), or of the template (Tencent). */
export interface DeviceEvent {
  /** The service of the product (Huawei). */
  service?: string;
  /** `event_type` (Huawei), `eventId` (Tencent). */
  name: string;
  /** How grave it is. Tencent only, and needed there. */
  severity?: 'info' | 'alert' | 'fault';
  /** Ties an event to another (Huawei `event_id`). */
  id?: string;
  at?: number;
  params: JsonObject;
}

/** A message: content with a name and an id of its own (Huawei's system format), or bytes. */
export type DeviceMessage = { content: JsonValue; name?: string; messageId?: string } | { bytes: Uint8Array };

/** What a device tells about itself; each cloud takes its own part. */
export interface DeviceInfo {
  firmware?: string;
  software?: string;
  /** Huawei: the SDK's name and version. */
  sdk?: string;
  ip?: string;
  /** Tencent. */
  name?: string;
  imei?: string;
  mac?: string;
  hardware?: string;
  module?: string;
  latitude?: string;
  longitude?: string;
  labels?: JsonObject;
}

/** The upgrade task that a message belongs to. Huawei only. */
export interface OtaTask {
  taskId?: string;
  children?: number;
  taskInfo?: JsonValue;
}

/** A package to upgrade to. */
export interface OtaOffer extends OtaTask {
  /** Tencent has firmware only. */
  kind: 'firmware' | 'software';
  version: string;
  url: string;
  bytes?: number;
  fileName?: string;
  /** Bearer token for the URL: packages that the platform itself keeps (Huawei v1). Empty: such a package, and the platform named no token. */
  token?: string;
  expiresSeconds?: number;
  /** Hex digits. SHA-256 (Huawei), MD5 (Tencent). */
  digest?: { algorithm: 'sha256' | 'md5'; hex: string };
  info?: string;
}

/** How far an upgrade is. */
export interface OtaProgress {
  /** Tencent names the state; on Huawei code, progress and version tell it. */
  state?: 'downloading' | 'burning' | 'done' | 'fail';
  /** 0 is no error; others as each cloud defines them (Huawei 5.2, Tencent 5.1). */
  code: number;
  percent?: number;
  /** Huawei: the version that runs now. Tencent: the version to upgrade to. */
  version: string;
  text?: string;
}

/** Why an upgrade failed; each cloud has its own number for it. */
export type UpgradeFailure =
  | 'busy'
  | 'poor-signal'
  | 'same-version'
  | 'low-battery'
  | 'no-space'
  | 'download'
  | 'file-missing'
  | 'url-expired'
  | 'verification'
  | 'unsupported'
  | 'no-memory'
  | 'install'
  | 'internal';

/** A step of an upgrade, as a device tells it. */
export type UpgradeStep =
  | { readonly at: 'downloading'; readonly percent: number }
  | { readonly at: 'installing'; readonly percent?: number }
  /** The new version runs. */
  | { readonly at: 'done' }
  /** A number is the cloud's own. */
  | { readonly at: 'failed'; readonly failure: UpgradeFailure | number; readonly text?: string };

/** Which operation answers which. */
export const EXCHANGES = {
  'property.set': 'property.set.result',
  'property.get': 'property.get.result',
  'command.invoke': 'command.result',
  'shadow.get': 'shadow.state',
  'shadow.clear': 'shadow.cleared',
  'time.query': 'time.answer',
  'file.request': 'file.grant',
  'child.add': 'child.add.result',
  'child.remove': 'child.remove.result',
  'child.status': 'child.status.result',
  'child.list': 'child.list.result',
  'child.search': 'child.search.ack',
  'log.query': 'log.config',
  'provision.request': 'provision.result',
  'config.update': 'config.update.result',
  'rpc.call': 'rpc.result',
  'sync.call': 'sync.result',
  'binding.claim': 'binding.claim.result',
  'fence.alarm': 'fence.alarm.ack',
  'config.query': 'config.answer',
  'resource.upload': 'resource.upload.grant',
  'resource.poll': 'resource.poll.answer',
  'document.get': 'document.state',
  'document.update': 'document.updated',
  'resource.remove': 'resource.remove.result',
  'resource.request': 'resource.request.grant',
} as const satisfies Partial<Record<Op, Op>>;

/** An operation that is answered by another. */
export type RequestOp = keyof typeof EXCHANGES;
/** Whether an operation is answered by another. */
export const isRequest = (op: Op): op is RequestOp => op in EXCHANGES;
/** The operation that answers `K`. */
export type ReplyOp<K extends RequestOp> = (typeof EXCHANGES)[K];

/** One message in the words of the vocabulary. */
export interface Message<K extends Op = Op> {
  /** The device that the message concerns. */
  device: DeviceRef;
  /** The device whose connection carries it: the gateway of a sub-device, else the same as `device`. */
  via: DeviceRef;
  /** Ties an answer to its request. */
  id?: string;
  /** When it was written, ms since 1970, where the protocol says so beside the body (Huawei `event_time`; down to the second). */
  at?: number;
  properties?: MessageProperties;
  body: Vocabulary[K];
}

/** A message to be sent: what is left out is filled in. */
export type Draft<K extends Op> = Pick<Message<K>, 'device' | 'body'> & Partial<Message<K>>;
