import { LianyunError, type DeviceRef, type Dialect, type Handler, type Message, type Op, type Peer } from '@lianyun/protocol';
import { ChildReports } from './gateway-reports.ts';

/** A peer as a service sees it: bound to one device. */
export type ServicePeer = Pick<Peer, 'supports' | 'send' | 'request' | 'handle'>;

type AnyHandler = (message: Message) => unknown;

interface ScopesOptions {
  readonly peer: Peer;
  /** The device that is connected. */
  readonly own: DeviceRef;
  readonly dialect: Pick<Dialect, 'limits' | 'children'>;
  problem(problem: LianyunError): void;
}

/** What is answered for a sub-device that this gateway does not know: by operation. */
const UNKNOWN: { readonly [K in Op]?: (device: DeviceRef) => unknown } = {
  'command.invoke': (device) => ({ code: -1, text: `this gateway knows no device ${device}` }),
  'property.set': (device) => ({ code: -1, text: `this gateway knows no device ${device}` }),
  'property.get': () => ({ groups: [] }),
};

/** One connection for a device and its sub-devices: each has handlers of its own, and what is meant for one never reaches another's. */
export class Scopes {
  readonly #options: ScopesOptions;
  // Most devices have no sub-devices: what only those need is made when it is needed.
  #reports: ChildReports | undefined;
  #children: Map<Op, Map<DeviceRef, AnyHandler>> | undefined;

  constructor(options: ScopesOptions) {
    this.#options = options;
  }

  /** The peer of one device. */
  of(device: DeviceRef): ServicePeer {
    const { peer, own, dialect } = this.#options;
    const handle = <K extends Op>(op: K, handler: Handler<K>): (() => void) => this.#handle(device, op, handler);
    // Bound, not wrapped: a report of the device itself takes no step more.
    if (device === own) return { supports: peer.supports.bind(peer), send: peer.send.bind(peer), request: peer.request.bind(peer), handle };
    const reports = (this.#reports ??= new ChildReports({ peer, gateway: own, dialect }));
    return {
      supports: (op) => peer.supports(op),
      send: (op, draft, options) =>
        op === 'property.report' && peer.supports('child.report')
          ? // The operation says what the body is.
            reports.add(device, (draft.body as Message<'property.report'>['body']).groups, options)
          : peer.send(op, { via: own, ...draft }, options),
      request: (op, draft, options) => peer.request(op, { via: own, ...draft }, options),
      handle,
    };
  }

  #handle<K extends Op>(device: DeviceRef, op: K, handler: Handler<K>): () => void {
    // The tables hand a handler the messages of its own operation only.
    const entry = handler as unknown as AnyHandler;
    const { peer, own } = this.#options;
    if (device === own) {
      const dispatch = (message: Message): unknown => (message.device === own ? entry : (this.#children?.get(op)?.get(message.device) ?? this.#unknown(op)))(message);
      // What it returns is what the handler of this operation returned.
      return peer.handle(op, dispatch as unknown as Handler<K>);
    }
    // A sub-device has no service that its gateway has not: the gateway's own handler is there to ask this table.
    this.#children ??= new Map<Op, Map<DeviceRef, AnyHandler>>();
    const table = this.#children.get(op) ?? new Map<DeviceRef, AnyHandler>();
    this.#children.set(op, table);
    if (table.has(device)) throw new LianyunError('duplicate-handler', `${op} for ${device} has a handler already.`);
    table.set(device, entry);
    return () => {
      if (table.get(device) === entry) table.delete(device);
    };
  }

  #unknown(op: Op): AnyHandler {
    return ({ device }) => {
      this.#options.problem(new LianyunError('unknown-message', `A ${op} arrived for ${device}, which this gateway does not know: make it known with gateway.child(${JSON.stringify(device)}).`, { device }));
      return UNKNOWN[op]?.(device);
    };
  }
}
