import type { AnyDialect, Clock, DeviceRef, LianyunError, Op, Peer, Receipt } from '@lianyun/protocol';
import type { CloudTime } from '../cloud-time.ts';
import type { ModelCheck } from '../options.ts';

/** What every service of a device works with. */
export interface ServiceContext {
  readonly device: DeviceRef;
  readonly peer: Peer;
  readonly dialect: Pick<AnyDialect, 'name' | 'limits' | 'rows' | 'messages'>;
  readonly clock: Clock;
  readonly model: ModelCheck | undefined;
  readonly cloudTime: CloudTime;
  /** QoS of stored uplinks; undefined leaves it to the row. */
  readonly qos: 0 | 1 | undefined;
  /** What ends each handler that is at work, when the device is closed. */
  readonly running: Set<(error: LianyunError) => void>;
  /** Asks for what waits for this device, if it is online: a handler that could take it has come. */
  resync(): void;
  /** Subscribes what an operation needs and was not subscribed at connect, now and after every reconnect. */
  subscribe(op: Op): void;
  problem(problem: LianyunError): void;
  /** A receipt that fails; the problem is told as well, so that it is not lost with an ignored receipt. */
  refuse(error: LianyunError): Receipt;
}
