// What programs in the words of Huawei's own SDK have in common: where they connect, and what their listeners are told.
import type { ActionListener, ConnectAuthInfo } from 'lianyun/huawei';
import { SEED } from './clouds.ts';
import type { Rig } from './rig.ts';

const [LAMP] = SEED.huawei.devices;

/** How a lamp connects to the platform of a rig. */
export function authOf({ mqttPort: port }: Rig, { device_id: id, secret }: { readonly device_id: string; readonly secret: string } = LAMP): Partial<ConnectAuthInfo> {
  return { id, secret, serverUri: '127.0.0.1', port };
}

interface Told {
  readonly listener: ActionListener;
  readonly outcome: Promise<string>;
}

/** Resolves as a listener is told; a failure rejects with its error. */
export function told(): Told {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { listener: { onSuccess: resolve, onFailure: (_, error) => reject(error) }, outcome: promise };
}

/** The same where failures are looked at: `success`, or the code of the error. */
export function judged(): Told {
  const { promise, resolve } = Promise.withResolvers<string>();
  return { listener: { onSuccess: () => resolve('success'), onFailure: (_, error) => resolve('code' in error ? String(error.code) : error.name) }, outcome: promise };
}
