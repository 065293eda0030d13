import { codecOf, type DeviceRef, type LianyunError, type Read } from '@lianyun/protocol';
import { DIALECTS } from './admission.ts';
import type { Client, Cloud } from './access/port.ts';
import { unpacked } from './packing.ts';

/** One frame as it went over the wire, read by its row. */
export interface TracedFrame {
  /** Ms since 1970. */
  readonly at: number;
  readonly cloud: Cloud;
  readonly device: DeviceRef;
  readonly direction: 'up' | 'down';
  readonly topic: string;
  readonly qos: 0 | 1;
  /** As text, unpacked if it was packed. */
  readonly payload: string;
  /** The messages in it; empty on a custom topic and for a frame that cannot be read. */
  readonly messages: readonly Read[];
  /** What is wrong with it. */
  readonly problems: readonly LianyunError[];
  /** Whether a row describes the topic; the rest is free text between devices and applications. */
  readonly isCustom: boolean;
}

/** Reads a frame for people. */
export function traceFrame(client: Client, direction: 'up' | 'down', frame: { readonly topic: string; readonly payload: Buffer; readonly qos: 0 | 1 }, at: number): TracedFrame {
  const codec = codecOf(DIALECTS[client.cloud]);
  const plain = direction === 'up' ? unpacked({ ...client, ...frame }) : frame.payload;
  const payload = (Buffer.isBuffer(plain) ? plain : frame.payload).toString('utf8');
  const isCustom = !codec.knows(direction, frame.topic);
  const problems: LianyunError[] = Buffer.isBuffer(plain) ? [] : [plain];
  const messages = isCustom || !Buffer.isBuffer(plain) ? [] : codec.decode(direction, { topic: frame.topic, payload: plain, via: client.device }, (problem) => problems.push(problem));
  return { at, cloud: client.cloud, device: client.device, direction, topic: frame.topic, qos: frame.qos, payload, messages, problems, isCustom };
}
