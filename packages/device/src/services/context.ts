import { failedReceipt, type AnyDialect, type Clock, type DeviceRef, type LianyunError, type Peer, type Receipt } from '@lianyun/protocol';
import type { ModelCheck } from '../options.ts';

/** What a service asks of the device it belongs to. */
interface ContextOwner {
  readonly id: DeviceRef;
  readonly isOnline: boolean;
  onProblem(problem: LianyunError): void;
  resync(): void;
}

interface ContextParts {
  readonly peer: Peer;
  readonly dialect: AnyDialect;
  readonly clock: Clock;
  readonly model: ModelCheck | undefined;
  readonly qos: 0 | 1 | undefined;
}

/** What every service of a device works with. */
export class DeviceContext {
  readonly #owner: ContextOwner;
  readonly peer: Peer;
  readonly dialect: AnyDialect;
  readonly clock: Clock;
  readonly model: ModelCheck | undefined;
  /** QoS of stored uplinks; undefined leaves it to the row. */
  readonly qos: 0 | 1 | undefined;
  #running: Set<(error: LianyunError) => void> | undefined;

  constructor(owner: ContextOwner, { peer, dialect, clock, model, qos }: ContextParts) {
    this.#owner = owner;
    this.peer = peer;
    this.dialect = dialect;
    this.clock = clock;
    this.model = model;
    this.qos = qos;
  }

  get device(): DeviceRef {
    return this.#owner.id;
  }

  /** What ends each handler that is at work, when the device is closed. */
  get running(): Set<(error: LianyunError) => void> {
    this.#running ??= new Set();
    return this.#running;
  }

  problem(problem: LianyunError): void {
    this.#owner.onProblem(problem);
  }

  /** A receipt that fails; the problem is told as well, so that it is not lost with an ignored receipt. */
  refuse(error: LianyunError): Receipt {
    this.#owner.onProblem(error);
    return failedReceipt(error);
  }

  /** Asks for what waits for this device, if it is online: a handler that could take it has come. */
  resync(): void {
    if (this.#owner.isOnline) this.#owner.resync();
  }
}
