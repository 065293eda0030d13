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
  readonly #reports: ChildReports;
  readonly #handlers = new Map<Op, Map<DeviceRef, AnyHandler>>();

  constructor(options: ScopesOptions) {
    this.#options = options;
    this.#reports = new ChildReports({ peer: options.peer, gateway: options.own, dialect: options.dialect });
  }

  /** The peer of one device. */
  of(device: DeviceRef): ServicePeer {
    const { peer, own } = this.#options;
    const handle = <K extends Op>(op: K, handler: Handler<K>): (() => void) => this.#handle(device, op, handler);
    // Bound, not wrapped: a report of the device itself takes no step more.
    if (device === own) return { supports: peer.supports.bind(peer), send: peer.send.bind(peer), request: peer.request.bind(peer), handle };
    return {
      supports: (op) => peer.supports(op),
      send: (op, draft, options) =>
        op === 'property.report' && peer.supports('child.report')
          ? // The operation says what the body is.
            this.#reports.add(device, (draft.body as Message<'property.report'>['body']).groups, options)
          : peer.send(op, { via: own, ...draft }, options),
      request: (op, draft, options) => peer.request(op, { via: own, ...draft }, options),
      handle,
    };
  }

  #handle<K extends Op>(device: DeviceRef, op: K, handler: Handler<K>): () => void {
    let byDevice = this.#handlers.get(op);
    if (byDevice === undefined) {
      const table = (byDevice = new Map<DeviceRef, AnyHandler>());
      const dispatch = (message: Message): unknown => (table.get(message.device) ?? this.#unknown(op))(message);
      // What it returns is what the handler of this operation returned.
      this.#options.peer.handle(op, dispatch as unknown as Handler<K>);
      this.#handlers.set(op, byDevice);
    }
    if (byDevice.has(device)) throw new LianyunError('duplicate-handler', `${op} for ${device} has a handler already.`);
    // The table hands a handler the messages of its own operation only.
    const entry = handler as unknown as AnyHandler;
    const table = byDevice.set(device, entry);
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
