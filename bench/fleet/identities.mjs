// The devices of the fleet: a server has to know them, the fleet signs in as them.
import { createHmac } from 'node:crypto';

export const PRODUCT = 'benchprod';

/** The devices of the product: node id, device id and secret. */
export function devicesOf(count) {
  return Array.from({ length: count }, (_, index) => {
    const nodeId = `node${String(index).padStart(5, '0')}`;
    return { nodeId, deviceId: `${PRODUCT}_${nodeId}`, secret: `secret-of-${nodeId}` };
  });
}

/** What a device signs in with at `now` (Huawei reference 1.3): the hour is the key, the secret the message. */
export function credentialsOf({ deviceId, secret }, now) {
  const stamp = new Date(now).toISOString().slice(0, 13).replace(/[-T]/g, '');
  return {
    clientId: `${deviceId}_0_1_${stamp}`,
    username: deviceId,
    password: Buffer.from(createHmac('sha256', stamp).update(secret).digest('hex')),
  };
}
