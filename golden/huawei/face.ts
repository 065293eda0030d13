// Huawei's transcripts through lianyun/huawei.
import { readEventTime } from '@lianyun/protocol';
import type { Face } from '../replay.ts';
import { HuaweiStage } from './stage.ts';

export const huaweiFace: Face = {
  sdk: 'huawei-python',
  equality: { absentIsEmpty: true, instantOf: readEventTime, namedErrors: new Set() },
  compared: ['connect', 'connack', 'dial', 'subscribes', 'unsubscribes', 'publishes', 'callbacks', 'returns', 'error', 'http', 'tlsErrors', 'server_info.json'],
  open: (options) => HuaweiStage.open(options),
};
