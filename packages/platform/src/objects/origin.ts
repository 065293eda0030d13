import type { DeviceRef } from '@lianyun/protocol';
import type { AccessPort, Cloud } from '../access/port.ts';

/** Where devices and applications reach the HTTP side of the platform: the beginning of every URL that it gives out. */
export class Origin {
  readonly #access: Pick<AccessPort, 'localAddress' | 'client'>;
  readonly #publicUrl: string | undefined;
  #listening: { readonly host: string; readonly port: number; readonly https?: number | undefined } | undefined;
  #mqtt: { readonly mqtt?: number | undefined; readonly mqtts?: number | undefined } = {};

  /** `publicUrl` is what to use instead of what is seen here: behind a proxy, in a container. */
  constructor(access: Pick<AccessPort, 'localAddress' | 'client'>, publicUrl: string | undefined) {
    this.#access = access;
    this.#publicUrl = publicUrl?.replace(/\/+$/, '');
  }

  /** HTTP listens there now, and HTTPS where it does. */
  listensOn(address: { readonly host: string; readonly port: number; readonly https?: number | undefined }): void {
    this.#listening = address;
  }

  /** MQTT listens there now. */
  listensForMqtt(ports: { readonly mqtt?: number | undefined; readonly mqtts?: number | undefined }): void {
    this.#mqtt = ports;
  }

  /** `host:port` of MQTT for a device, over TLS if it came over TLS; undefined when there is no such port. */
  mqttFor(cloud: Cloud, via: DeviceRef, isSecure: boolean): string | undefined {
    const port = isSecure ? this.#mqtt.mqtts : this.#mqtt.mqtt;
    return port === undefined ? undefined : `${new URL(this.forDevice(cloud, via)).hostname}:${port}`;
  }

  /**
   * For a device: the address at which its connection, or its gateway's, reached this machine. Over HTTPS for one that knows this platform's certificate, as its
   * connection shows: vendors' devices take a package over nothing else (Huawei 7.2).
   */
  forDevice(cloud: Cloud, via: DeviceRef): string {
    if (this.#publicUrl !== undefined) return this.#publicUrl;
    const { host = 'localhost', port = 0, https } = this.#listening ?? {};
    const at = hostOf(this.#access.localAddress(cloud, via) ?? host);
    const proof = this.#access.client(cloud, via)?.proof;
    const url = https !== undefined && proof?.isSecure === true && proof.keyIdentity === undefined ? `https://${at}:${https}` : `http://${at}:${port}`;
    // Without the port where it is the usual one: Tencent's C SDK reads none in a URL.
    return new URL(url).origin;
  }

  /** For an application: what it called the platform itself, the Host of its request. */
  forHost(host: string): string {
    return this.#publicUrl ?? `http://${host}`;
  }
}

/** An address as it stands in a URL. */
function hostOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return plain.includes(':') ? `[${plain}]` : plain;
}
