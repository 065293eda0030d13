import type { CommandResult, DeviceRef, JsonObject, Outcome, PropertyGroup } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';
import type { Letter } from './mailbox.ts';

/** A command (Huawei) or action (Tencent) to be called. */
export interface Invocation {
  readonly service?: string;
  readonly name: string;
  readonly args: JsonObject;
}

/**
 * How an HTTP request reaches a device. Every call carries the `id` under which it travels (Huawei's request_id, Tencent's clientToken):
 * the API made it, because its answer has to name it also when the device does not answer.
 *
 * The requests reject with `offline` at once when the device (or its gateway) is not connected, with `timeout` after the cloud's documented time,
 * with `unsupported` when the device has not subscribed, and with whatever ended the connection meanwhile.
 */
export interface Downlink {
  isOnline(cloud: Cloud, device: DeviceRef): boolean;
  /** The device whose connection reaches this one now, itself or its gateway; undefined when there is none. */
  route(cloud: Cloud, device: DeviceRef): DeviceRef | undefined;
  /** Whether what is sent to a device now has a connection to travel on: a Huawei sub-device's is its gateway's, whatever its own status (14.9). */
  reaches(cloud: Cloud, device: DeviceRef): boolean;
  /** Asks a device to change properties; resolves with what it answered (Huawei 3.6). */
  setProperties(cloud: Cloud, device: DeviceRef, request: { readonly id: string; readonly groups: readonly PropertyGroup[] }): Promise<Outcome>;
  /** Asks a device for live values of one service, or of all (Huawei 3.7). */
  getProperties(cloud: Cloud, device: DeviceRef, request: { readonly id: string; readonly service?: string }): Promise<readonly PropertyGroup[]>;
  /** Calls a command or an action; resolves with what the device answered (Huawei 4, Tencent 2.7). `onDelivered` hears that it has arrived; it must not throw. */
  invoke(cloud: Cloud, device: DeviceRef, request: Invocation & { readonly id: string }, onDelivered?: () => void): Promise<CommandResult>;
  /** Sends desired values and waits for no answer, only for them to leave (Tencent 2.4). What was not sent is kept by the caller, as desired state. */
  control(cloud: Cloud, device: DeviceRef, request: { readonly id: string; readonly groups: readonly PropertyGroup[] }): Promise<{ readonly sent: boolean }>;
  /** Sends a message without a model, and resolves when it has left (Huawei 3.2, 3.3). Rejects with `bad-input` for what cannot be written. */
  post(cloud: Cloud, device: DeviceRef, letter: Pick<Letter, 'id' | 'name' | 'content' | 'format' | 'encoding' | 'topic' | 'properties'>): Promise<void>;
  /** Sends bytes to a topic of the device, and resolves when they have left (Tencent 10.5). */
  publish(cloud: Cloud, device: DeviceRef, frame: { readonly topic: string; readonly payload: Uint8Array; readonly qos: 0 | 1 }): Promise<void>;
  /** Ends the device's connection, if it has one. */
  kick(cloud: Cloud, device: DeviceRef, reason: string): void;
}
