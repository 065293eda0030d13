import type { Dialect } from '../dialect.ts';
import { parseTemplate } from '../topic.ts';
import { once } from '../once.ts';
import { allRows } from './all-rows.late.ts';
import { slotsOf } from './reference.ts';
import { childResultText } from './child-results.ts';
import { otaRules } from './ota-rules.ts';
import { childSigning } from './sign-in-child.ts';
import { tencentSignIn, type TencentIdentity } from './sign-in.ts';

export type { TencentIdentity } from './sign-in.ts';

const rows = once(allRows);

/** Tencent Cloud IoT Explorer. */
export const tencent: Dialect<ReturnType<typeof allRows>, TencentIdentity> = {
  name: 'tencent',
  // A program speaks with one cloud: the rows of the other are never made.
  get rows() {
    return rows();
  },
  signIn: tencentSignIn,
  subscribe: 'explicit',
  customTopics: [
    { template: parseTemplate('{productId}/{deviceName}/control'), access: 'subscribe' },
    { template: parseTemplate('{productId}/{deviceName}/event'), access: 'publish' },
    { template: parseTemplate('{productId}/{deviceName}/data'), access: 'both' },
  ],
  // A device's own, beside those that every product has (0.2); the platform asks its registry.
  declaredTopics: [parseTemplate('{productId}/{deviceName}/#')],
  // Reference 0.3.
  silentTopics: [parseTemplate('$template/operation/result/{productId}/{deviceName}')],
  messages: 'bytes',
  limits: {
    asOf: '2026-11-21',
    payloadBytes: 65_536,
    keepaliveSeconds: { min: 0, max: 900, default: 240 },
    connectIntervalMs: 5000,
    answerMs: 5000,
    clientIdBytes: 80,
  },
  // No number is documented; this keeps the largest message, a bind, far below the payload limit.
  children: { batch: { add: 100, remove: 100, status: 100, report: 1 }, haveTopics: true, answerMs: 10_000, signing: childSigning, textOf: childResultText },
  ota: otaRules,
  isVendorHost: (host) => /(^|\.)tencentdevices\.com$/i.test(host),
  deviceSlots: slotsOf,
  // Two sub-devices of one gateway may use the same token (reference 0.4), so the device counts.
  correlation: (message) => `${message.device}|${message.id ?? ''}`,
};
