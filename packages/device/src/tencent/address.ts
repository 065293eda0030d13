import { tencent, type Clock, type MqttCredentials } from '@lianyun/protocol';
import type { TlsOptions } from '../net/tls-options.ts';
import type { DeviceFile } from './configuration.ts';
import type { LineOptions } from './line.ts';

/** What the vendor's constructor has no parameter for. */
export interface HubOptions {
  /** The authorities to trust over TLS instead of those that Node.js trusts, where the device file names none: PEM text, bytes, or the path of a file. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** Time and chance, for tests. */
  readonly clock?: Clock;
}

/** Where the vendor's constructor is told to connect. */
export interface Address {
  readonly tls: boolean;
  readonly domain: string | null | undefined;
  readonly useWebsocket: boolean;
}

/** The number that the vendor's own SDK signs in with. */
const SDK_APP_ID = '21010406';

/** Where a device connects, and how it proves who it is. Throws `bad-config`. */
export function lineOptionsOf(file: DeviceFile, address: Address, { ca, credentials }: Pick<HubOptions, 'ca'> & { readonly credentials: MqttCredentials }): LineOptions {
  const { productId, deviceName } = file;
  const server = serverOf(productId, address);
  const tls = /^(mqtts|wss):/.test(server) ? tlsOf(file, ca) : undefined;
  return { identity: { productId, deviceName }, credentials, server, ...(tls === undefined ? {} : { tls }) };
}

/** The sign-in, made once as the vendor's SDK does, with the time in milliseconds where the cloud reads seconds of expiry: it never expires. */
export function signIn({ productId, deviceName, deviceSecret, isCertificate }: DeviceFile, clock: Clock): MqttCredentials {
  const now = clock.now();
  const named = { productId, deviceName, sdkAppId: SDK_APP_ID, expiresInSeconds: now - Math.floor(now / 1000) };
  const proof = isCertificate ? { certificate: true as const } : { deviceSecret: deviceSecret ?? '', hmac: 'hmacsha1' as const };
  return tencent.signIn.credentials({ ...named, ...proof }, { now, random: () => clock.random() });
}

function serverOf(productId: string, { tls, domain, useWebsocket }: Address): string {
  if (domain?.includes('://') === true) return domain;
  const scheme = useWebsocket ? (tls ? 'wss' : 'ws') : tls ? 'mqtts' : 'mqtt';
  return `${scheme}://${domain ?? (useWebsocket ? `${productId}.ap-guangzhou.iothub.tencentdevices.com` : `${productId}.iotcloud.tencentdevices.com`)}`;
}

function tlsOf({ caFile, certFile, keyFile, isCertificate }: DeviceFile, given: HubOptions['ca']): TlsOptions {
  const ca = caFile ?? given;
  const trust = ca === undefined ? {} : { ca };
  return isCertificate && certFile !== undefined && keyFile !== undefined ? { ...trust, cert: certFile, key: keyFile } : trust;
}
