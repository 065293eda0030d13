import type { Dialect } from '../dialect.ts';
import { parseTemplate } from '../topic.ts';
import { eventRows } from './event-rows.ts';
import { fileRows } from './file-rows.ts';
import { gatewayRows } from './gateway-rows.ts';
import { messageRows } from './message-rows.ts';
import { otaRows } from './ota-rows.ts';
import { propertyRows } from './rows.ts';
import { huaweiSignIn, type HuaweiIdentity } from './sign-in.ts';

export type { HuaweiIdentity } from './sign-in.ts';

const huaweiRows = { ...propertyRows, ...messageRows, ...eventRows, ...otaRows, ...fileRows, ...gatewayRows } as const;

/** Huawei Cloud IoTDA. */
export const huawei: Dialect<typeof huaweiRows, HuaweiIdentity> = {
  name: 'huawei',
  rows: huaweiRows,
  signIn: huaweiSignIn,
  subscribe: 'implicit',
  customTopics: [
    { template: parseTemplate('$oc/devices/{deviceId}/user/#'), access: 'both' },
    { template: parseTemplate('#'), access: 'both' },
  ],
  limits: {
    asOf: '2026-11-21',
    payloadBytes: 1_048_576,
    keepaliveSeconds: { min: 30, max: 1200, default: 120 },
    connectIntervalMs: 1000,
    answerMs: 20_000,
    clientIdBytes: 256,
  },
  isVendorHost: (host) => /(^|\.)(myhuaweicloud|huaweicloud)\.(com|cn)$/i.test(host),
  deviceSlots: (device) => ({ deviceId: device }),
  // A sub-device's answer names only the gateway (reference 9.1), so the request id counts for the connection.
  correlation: (message) => `${message.via}|${message.id ?? ''}`,
};
