import { gunzipSync } from 'node:zlib';
import { codecOf, LianyunError, type DeviceRef } from '@lianyun/protocol';
import { DIALECTS } from './admission.ts';
import type { Cloud } from './access/port.ts';

/** What a packed payload may become: some times what a frame may carry, so that a small frame cannot fill the memory. */
const MAX_BYTES = 4 * 1024 * 1024;

/** An uplink. */
interface Packed {
  readonly cloud: Cloud;
  readonly device: DeviceRef;
  readonly topic: string;
  readonly payload: Buffer;
}

/** The payload of an uplink as its row reads it: unpacked, where the topic says that it is packed (Huawei 2); or why it cannot be. */
export function unpacked({ cloud, device, topic, payload }: Packed): Buffer | LianyunError {
  const packing = codecOf(DIALECTS[cloud]).packingOf(topic);
  if (packing === undefined) return payload;
  if (packing !== 'gzip') return new LianyunError('bad-frame', `The payload on ${topic} is packed as ${JSON.stringify(packing)}: gzip is the only way there is.`, { topic, device });
  try {
    return gunzipSync(payload, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    const why = cause instanceof RangeError ? `it has more than ${MAX_BYTES} bytes` : cause instanceof Error ? cause.message : String(cause);
    return new LianyunError('bad-frame', `The payload on ${topic} cannot be unpacked: ${why}.`, { topic, device, cause });
  }
}
