import { failedReceipt, filtersFor, type AnyDialect, type Clock, type DeviceRef, type LianyunError, type Op, type Receipt } from '@lianyun/protocol';
import type { CloudTime } from '../cloud-time.ts';
import type { NetworkSettings } from '../net/open.ts';
import type { ModelInUse } from '../model.ts';
import type { Session } from '../session.ts';
import type { ServicePeer } from './gateway-scopes.ts';

/** What a service asks of the device it belongs to. */
interface ContextOwner {
  readonly id: DeviceRef;
  readonly isOnline: boolean;
  /** The server that is used now, as the program wrote it; left out for a sub-device, which has no connection of its own. */
  readonly server?: string;
  onProblem(problem: LianyunError): void;
  resync(): void;
}

interface ContextParts {
  readonly peer: ServicePeer;
  readonly session: Pick<Session, 'keep'>;
  readonly dialect: AnyDialect;
  readonly clock: Clock;
  readonly cloudTime: CloudTime;
  readonly model: ModelInUse | undefined;
  readonly qos: 0 | 1 | undefined;
  readonly network: NetworkSettings;
}

/** What every service of a device works with. */
export class DeviceContext {
  readonly #owner: ContextOwner;
  readonly #session: Pick<Session, 'keep'>;
  readonly peer: ServicePeer;
  readonly dialect: AnyDialect;
  readonly clock: Clock;
  readonly cloudTime: CloudTime;
  readonly model: ModelInUse | undefined;
  /** QoS of stored uplinks; undefined leaves it to the row. */
  readonly qos: 0 | 1 | undefined;
  /** How the device reaches servers. */
  readonly network: NetworkSettings;
  #running: Set<(error: LianyunError) => void> | undefined;

  constructor(owner: ContextOwner, { peer, session, dialect, clock, cloudTime, model, qos, network }: ContextParts) {
    this.#owner = owner;
    this.#session = session;
    this.peer = peer;
    this.dialect = dialect;
    this.clock = clock;
    this.cloudTime = cloudTime;
    this.model = model;
    this.qos = qos;
    this.network = network;
  }

  /** The context of a sub-device on the same connection; its handlers end when the device is closed, as the device's own do. */
  forChild(owner: ContextOwner, { peer, session, model }: Pick<ContextParts, 'peer' | 'session' | 'model'>): DeviceContext {
    const { dialect, clock, cloudTime, qos, network } = this;
    const child = new DeviceContext(owner, { peer, session, dialect, clock, cloudTime, model, qos, network });
    child.#running = this.running;
    return child;
  }

  get device(): DeviceRef {
    return this.#owner.id;
  }

  /** The server that is used now, as the program wrote it; undefined for a sub-device. */
  get server(): string | undefined {
    return this.#owner.server;
  }

  /** Whether messages can leave now. */
  get isOnline(): boolean {
    return this.#owner.isOnline;
  }

  /** What ends each handler that is at work, when the device is closed. */
  get running(): Set<(error: LianyunError) => void> {
    this.#running ??= new Set();
    return this.#running;
  }

  /** Subscribes what an operation needs and was not subscribed at connect, now and after every reconnect. */
  subscribe(op: Op): void {
    this.#session.keep(filtersFor(this.dialect, this.device, op));
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
