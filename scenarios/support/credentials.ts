// Sign-ins computed from the vendors' documents alone (docs/protocol: huawei 1.3, tencent 1.2). They share nothing with our own
// sign-in code: what foreign programs sign in with proves that the platform checks what the clouds check.
import { createHmac } from 'node:crypto';

/** What goes into CONNECT. */
export interface Credentials {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
}

/** A Huawei device's CONNECT: HMAC-SHA256 of the secret, keyed with the UTC hour. `sign` 0: the hour is not checked. */
export function huaweiCredentials(deviceId: string, secret: string, { at = Date.now(), sign = '1' }: { readonly at?: number; readonly sign?: '0' | '1' } = {}): Credentials {
  const [date = '', time = ''] = new Date(at).toISOString().split('T');
  const hour = date.replaceAll('-', '') + time.slice(0, 2);
  return { clientId: `${deviceId}_0_${sign}_${hour}`, username: deviceId, password: createHmac('sha256', hour).update(secret).digest('hex') };
}

/** A Tencent device's CONNECT: HMAC of the user name, keyed with the bytes of the base64 secret. `expiry` is in seconds. */
export function tencentCredentials(
  productId: string,
  deviceName: string,
  { psk, expiry = Math.floor(Date.now() / 1000) + 600, algorithm = 'sha1' }: { readonly psk: string; readonly expiry?: number | string; readonly algorithm?: 'sha1' | 'sha256' },
): Credentials {
  const clientId = productId + deviceName;
  const username = `${clientId};21010406;aB3dE;${expiry}`;
  const digest = createHmac(algorithm, Buffer.from(psk, 'base64')).update(username).digest('hex');
  return { clientId, username, password: `${digest};hmac${algorithm}` };
}
