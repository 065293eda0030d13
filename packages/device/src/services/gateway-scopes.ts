import { LianyunError, type DeviceRef, type Dialect, type Handler, type Message, type Op, type Peer } from '@lianyun/protocol';
import { ChildReports } from './gateway-reports.ts';

/** A peer as a service sees it: bound to one device. */
export type ServicePeer = Pick<Peer, 'supports' | 'send' | 'request' | 'handle'>;

type AnyHandler = (message: Message) => unknown;

export interface ScopesOptions {
  readonly peer: Peer;
  /** The device that is connected. */
  readonly own: DeviceRef;
  readonly dialect: Pick<Dialect, 'limits' | 'children'>;
  problem(problem: LianyunError): void;
}

/** What is answered for a sub-device that this gateway does not know, or that handles nothing: by operation. */
const UNKNOWN: { readonly [K in Op]?: (device: DeviceRef) => unknown } = {
  'command.invoke': (device) => ({ code: -1, text: `this gateway knows no device ${device}` }),
  'property.set': (device) => ({ code: -1, text: `this gateway knows no device ${device}` }),
  'property.get': () => ({ groups: [] }),
};

/** The sub-devices on one connection: each has handlers of its own, and what is meant for one never reaches another's, nor the gateway's. */
export class Scopes {
  readonly #options: ScopesOptions;
  readonly #reports: ChildReports;
  readonly #handlers = new Map<Op, Map<DeviceRef, AnyHandler>>();

  constructor(options: ScopesOptions) {
    this.#options = options;
    const { peer, own, dialect } = options;
    this.#reports = new ChildReports({ peer, gateway: own, dialect });
  }

  /** Sends what sub-devices reported in this turn. */
  flush(): void {
    this.#reports.flush();
  }

  /** The peer of a sub-device. */
  of(device: DeviceRef): ServicePeer {
    const { peer, own } = this.#options;
    return {
      supports: (op) => peer.supports(op),
      send: (op, draft, options) =>
        op === 'property.report' && peer.supports('child.report')
          ? // The operation says what the body is.
            this.#reports.add(device, (draft.body as Message<'property.report'>['body']).groups, options)
          : peer.send(op, { via: own, ...draft }, options),
      request: (op, draft, options) => peer.request(op, { via: own, ...draft }, options),
      handle: (op, handler) => this.#handle(device, op, handler),
    };
  }

  /** What handles an operation for a sub-device; undefined when nothing does and nothing is to be answered. */
  handlerOf(op: Op, device: DeviceRef): AnyHandler | undefined {
    return this.#handlers.get(op)?.get(device) ?? this.#unknown(op);
  }

  #handle<K extends Op>(device: DeviceRef, op: K, handler: Handler<K>): () => void {
    // The tables hand a handler the messages of its own operation only.
    const entry = handler as unknown as AnyHandler;
    this.#options.peer.codec.row(op);
    const table = this.#handlers.get(op) ?? new Map<DeviceRef, AnyHandler>();
    this.#handlers.set(op, table);
    if (table.has(device)) throw new LianyunError('duplicate-handler', `${op} for ${device} has a handler already.`);
    table.set(device, entry);
    return () => {
      if (table.get(device) === entry) table.delete(device);
    };
  }

  #unknown(op: Op): AnyHandler | undefined {
    const answer = UNKNOWN[op];
    if (answer === undefined) return undefined;
    return ({ device }) => {
      this.#options.problem(new LianyunError('unknown-message', `A ${op} arrived for ${device}, which this gateway does not know: make it known with gateway.child(${JSON.stringify(device)}).`, { device }));
      return answer(device);
    };
  }
}
