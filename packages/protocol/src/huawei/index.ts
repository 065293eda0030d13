import type { Dialect } from '../dialect.ts';
import { parseTemplate } from '../topic.ts';
import { once } from '../once.ts';
import { allRows } from './all-rows.late.ts';
import { otaRules } from './ota-rules.ts';
import { ruleVersions } from './rule-versions.ts';
import { huaweiSignIn, type HuaweiIdentity } from './sign-in.ts';

export type { HuaweiIdentity, HuaweiSignature } from './sign-in.ts';

const rows = once(allRows);

/** Huawei Cloud IoTDA. */
export const huawei: Dialect<ReturnType<typeof allRows>, HuaweiIdentity> = {
  name: 'huawei',
  // A program speaks with one cloud: the rows of the other are never made.
  get rows() {
    return rows();
  },
  signIn: huaweiSignIn,
  subscribe: 'implicit',
  customTopics: [
    { template: parseTemplate('$oc/devices/{deviceId}/user/#'), access: 'both' },
    // What an application says to all that listen (14.7).
    { template: parseTemplate('$oc/broadcast/#'), access: 'subscribe' },
    { template: parseTemplate('#'), access: 'both' },
  ],
  messages: 'content',
  statusLog: 'DEVICE_STATUS',
  limits: {
    asOf: '2026-11-21',
    payloadBytes: 1_048_576,
    keepaliveSeconds: { min: 30, max: 1200, default: 120 },
    connectIntervalMs: 1000,
    answerMs: 20_000,
    clientIdBytes: 256,
  },
  // A batch over HTTPS or by the vendor's C and Go code is smaller (reference 3.5); these are the limits of MQTT (5.5).
  children: { batch: { add: 50, remove: 50, status: 100, report: 100 }, haveTopics: false, answerMs: 30_000 },
  ota: otaRules,
  rules: ruleVersions,
  isVendorHost: (host) => /(^|\.)(myhuaweicloud|huaweicloud)\.(com|cn)$/i.test(host),
  deviceSlots: (device) => ({ deviceId: device }),
  // A sub-device's answer names only the gateway (reference 9.1), so the request id counts for the connection.
  correlation: (message) => `${message.via}|${message.id ?? ''}`,
};
