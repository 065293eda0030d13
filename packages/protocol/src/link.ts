import type { Frame } from './codec.ts';
import type { LianyunError } from './errors.ts';
import type { Receipt } from './receipt.ts';
import type { DeviceRef } from './vocabulary.ts';

/** How a frame is to be treated on its way. */
export interface SendOptions {
  /** `store`: kept over a disconnect until it is settled. `live`: fails at once without a connection. */
  readonly hold: 'store' | 'live';
  /** The key of the answer that settles it; left out: PUBACK at QoS 1, the write at QoS 0. */
  readonly settledBy?: string | undefined;
  /** Milliseconds after which an unsettled message is given up; left out: the link's default. */
  readonly expiresMs?: number | undefined;
}

/** What a Peer sends through: a device's session, or the platform's side of a device's connection. */
export interface Link {
  send(via: DeviceRef, frame: Frame, options: SendOptions): Receipt;
  /** An answer with this key arrived: settles what waits for it. False when nothing does. */
  settle(via: DeviceRef, key: string, error?: LianyunError): boolean;
}
