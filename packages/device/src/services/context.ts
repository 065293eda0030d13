import type { Clock, DeviceRef, Dialect, LianyunError, Receipt } from '@lianyun/protocol';
import type { ModelCheck } from '../options.ts';
import type { ServicePeer } from './gateway-scopes.ts';

/** What every service of a device works with. */
export interface ServiceContext {
  readonly device: DeviceRef;
  readonly peer: ServicePeer;
  readonly dialect: Pick<Dialect, 'name' | 'limits'>;
  readonly clock: Clock;
  readonly model: ModelCheck | undefined;
  /** QoS of stored uplinks; undefined leaves it to the row. */
  readonly qos: 0 | 1 | undefined;
  /** What ends each handler that is at work, when the device is closed. */
  readonly running: Set<(error: LianyunError) => void>;
  /** Asks for what waits for this device, if it is online: a handler that could take it has come. */
  resync(): void;
  problem(problem: LianyunError): void;
  /** A receipt that fails; the problem is told as well, so that it is not lost with an ignored receipt. */
  refuse(error: LianyunError): Receipt;
}
