import type { JsonObject } from './json.ts';

/**
 * The words that both clouds share. A row of a dialect maps one operation to a message on the wire and back; everything
 * outside the dialect folders speaks these words only.
 */
export interface Vocabulary {
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
  /** A device asks for the state that the cloud keeps of it (Tencent: get_status). */
  'shadow.get': { include?: 'metadata' };
  'shadow.state': Outcome & { services: readonly ShadowService[] };
  /** A device tells that it has applied the desired state that waited for it. Tencent only. */
  'shadow.clear': object;
  'shadow.cleared': Outcome;
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

/** How an operation ended: 0 is success, everything else failure. */
export interface Outcome {
  code: number;
  text?: string;
}

/** What a command answered. `name` is Huawei's `response_name`. */
export interface CommandResult extends Outcome {
  name?: string;
  output?: JsonObject;
}

/** One service's part of a shadow; for Tencent the only one, without a name. */
export interface ShadowService {
  service?: string;
  reported?: JsonObject;
  desired?: JsonObject;
}

/** Which operation answers which. */
export const EXCHANGES = {
  'property.set': 'property.set.result',
  'property.get': 'property.get.result',
  'command.invoke': 'command.result',
  'shadow.get': 'shadow.state',
  'shadow.clear': 'shadow.cleared',
} as const satisfies Partial<Record<Op, Op>>;

/** An operation that is answered by another. */
export type RequestOp = keyof typeof EXCHANGES;
/** The operation that answers `K`. */
export type ReplyOp<K extends RequestOp> = (typeof EXCHANGES)[K];

/**
 * Names a device within its cloud: Huawei's device id; Tencent's `ProductId/DeviceName`, as the cloud's own API writes it.
 */
export type DeviceRef = string;

/** One message in the words of the vocabulary. */
export interface Message<K extends Op = Op> {
  /** The device that the message concerns. */
  device: DeviceRef;
  /** The device whose connection carries it: the gateway of a sub-device, else the same as `device`. */
  via: DeviceRef;
  /** Ties an answer to its request. */
  id?: string;
  body: Vocabulary[K];
}

/** A message to be sent: what is left out is filled in. */
export type Draft<K extends Op> = Pick<Message<K>, 'device' | 'body'> & Partial<Message<K>>;
