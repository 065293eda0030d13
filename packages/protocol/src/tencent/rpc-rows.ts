import { row } from '../dialect.ts';
import { raw } from '../envelope.ts';
import type { Message } from '../vocabulary.ts';
import { bytes } from '../wire.ts';
import { refOf, slotsOf } from './reference.ts';

interface Slots {
  readonly productId: string;
  readonly deviceName: string;
  readonly requestId: string;
}

/** Any bytes; what ties an answer to its call stands in the topic. */
const carried = {
  envelope: raw,
  qos: 0,
  wire: () => bytes,
  encode: (m: Message<'rpc.call' | 'rpc.result' | 'sync.call' | 'sync.result'>) => ({ slots: { ...slotsOf(m.device), requestId: m.id ?? '' }, body: m.body.bytes }),
  decode: (f: { readonly slots: Slots; readonly body: Uint8Array }) => ({ device: refOf(f.slots), id: f.slots.requestId, body: { bytes: f.body } }),
} as const;

/** Calls without a model, in the form of IoT Hub and in that of IoT Explorer (reference 7.3). */
export const rpcRows = () => ({
  'rpc.call': row<'rpc.call'>()({ direction: 'down', topic: '$rrpc/rxd/{productId}/{deviceName}/{requestId}', ...carried, clause: 'tencent 7.3', subscribe: 'on-use' }),
  'rpc.result': row<'rpc.result'>()({ direction: 'up', topic: '$rrpc/txd/{productId}/{deviceName}/{requestId}', ...carried, clause: 'tencent 7.3', hold: 'live' }),
  'sync.call': row<'sync.call'>()({ direction: 'down', topic: '$iotrrpc/down/{productId}/{deviceName}/{requestId}', ...carried, clause: 'tencent 7.3', subscribe: 'on-use' }),
  'sync.result': row<'sync.result'>()({ direction: 'up', topic: '$iotrrpc/up/{productId}/{deviceName}/{requestId}', ...carried, clause: 'tencent 7.3', hold: 'live' }),
}) as const;
