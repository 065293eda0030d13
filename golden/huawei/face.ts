// Huawei's transcripts through lianyun/huawei.
import { readEventTime } from '@lianyun/protocol';
import type { Face } from '../replay.ts';
import { DEVICE, HuaweiStage } from './stage.ts';

export const huaweiFace: Face = {
  sdk: 'huawei-python',
  equality: { absentIsEmpty: true, instantOf: readEventTime, namedErrors: new Set() },
  // Not `tlsErrors`: those are the words of the recording server's TLS library. A handshake that fails shows in dials, connects and what is returned.
  compared: ['connect', 'connack', 'dial', 'subscribes', 'unsubscribes', 'publishes', 'callbacks', 'returns', 'error', 'http', 'server_info.json'],
  // Huawei's own SDK verifies the chain and no name.
  hosts: (cases) => [...new Set([DEVICE.host, ...cases.flatMap((each) => ((each['dial'] ?? []) as { host: string }[]).map(({ host }) => host))])],
  open: (options) => HuaweiStage.open(options),
};
