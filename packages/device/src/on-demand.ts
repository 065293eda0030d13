// What needs no device that is connected: loaded with the first call, since most programs never make one.
import type { UploadLogsOptions } from './http/logs.ts';
import type { HttpPublishOptions } from './http/publish.ts';
import type { Provisioning, ProvisionOptions } from './provision/provision.ts';
import type { RegisteredDevice, RegistrationOptions } from './registration/register.ts';

/**
 * Provisions a Huawei device (reference 6): asks the provisioning host where to connect and with which secret, and keeps the answer.
 *
 * Rejects with `refused` when no policy is for the device (the cloud's own code stands in the message), with `timeout` when there is no connection or no
 * answer in time, with `bad-credentials` for an unknown device or a wrong secret, with `bad-frame` for an answer that is none, with `offline`, `aborted`,
 * `bad-config`, and the errors of TLS.
 */
export async function provision(options: ProvisionOptions): Promise<Provisioning> {
  return (await import('./provision/provision.ts')).provision(options);
}

/**
 * Registers a Tencent device with the secret of its product, and gets its own secret or certificate for it (reference 4). A device that has been online once is refused by
 * the cloud: keep what it got in a `file`. A device that lost power between answer and file may register again.
 *
 * Rejects with `bad-config` (an option is wrong), `refused` (the cloud says no; `cause` is its code and text), `clock-skew` (it says no because this machine's clock is wrong), `bad-response` (what came is no credential: it was cut short or
 * changed, or the product secret is another), `untrusted-server`, `network`, `timeout`, `aborted`, `disk-full`, `disk-failed`. No message, and nothing that is logged, has a secret.
 */
export async function registerDevice(options: RegistrationOptions): Promise<RegisteredDevice> {
  return (await import('./registration/register.ts')).registerDevice(options);
}

/**
 * Publishes one message of a Tencent device over HTTP, without a connection of its own (reference 7.7): for devices that wake, report and sleep. The cloud takes it as if it had come over MQTT;
 * what it answers on a topic only reaches a device that is connected.
 *
 * Resolves with the cloud's id of the request. Rejects with `bad-config`, `bad-input`, `too-large`, `refused` (the cloud says no; `cause` is its code and text), `clock-skew` (it says no because this machine's clock is wrong), `bad-response`, `untrusted-server`, `network`,
 * `timeout`, `aborted`. Nothing is sent again by itself.
 */
export async function publishOverHttp(options: HttpPublishOptions): Promise<{ readonly requestId?: string }> {
  return (await import('./http/publish.ts')).publishOverHttp(options);
}

/**
 * Uploads lines of a Tencent device's log over HTTP, the only way that its cloud takes them (reference 7.6); a gateway does so for a sub-device with that one's secret. Which levels the cloud
 * wants says `device.logs`. Resolves with the cloud's id of the request: all lines were taken, or else none. Rejects as {@link publishOverHttp} does; nothing is sent again by itself.
 */
export async function uploadLogs(options: UploadLogsOptions): Promise<{ readonly requestId?: string }> {
  return (await import('./http/logs.ts')).uploadLogs(options);
}
