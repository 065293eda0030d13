// Tencent's transcripts through lianyun/tencent.
import type { Face } from '../replay.ts';
import { normalised } from './normalised.ts';
import { isByCertificate } from './device.ts';
import { TencentStage } from './stage.ts';

export const tencentFace: Face = {
  sdk: 'tencent-python',
  equality: { absentIsEmpty: false, namedErrors: new Set(['StateError', 'ValueError', 'KeyError', 'TypeError']) },
  compared: ['connect', 'connack', 'dial', 'subscribes', 'unsubscribes', 'publishes', 'callbacks', 'returns', 'error', 'state', 'http', 'websocket', 'device_info.json'],
  // With a key the vendor's SDK looks at no certificate at all, ours at chain and name; with a certificate of the device's own both look at both.
  hosts: (cases) => (isByCertificate(cases) ? [] : [...new Set(cases.flatMap((each) => ((each['dial'] ?? []) as { host: string }[]).map(({ host }) => host)))]),
  normalised,
  open: (options) => TencentStage.open(options),
};
