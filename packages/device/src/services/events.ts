import { isJsonObject, LianyunError, type DeviceEvent, type EventsOf, type Receipt } from '@lianyun/protocol';
import type { DeviceContext } from './context.ts';
import { joinReceipts } from './receipts.ts';

/** An event that the cloud sent. */
export interface CloudEvent extends DeviceEvent {
  /** The device it is for. */
  readonly device: string;
}

/** Takes an event of the cloud; what it throws becomes a problem of the device. */
export type NotifyHandler = (event: CloudEvent) => void | Promise<void>;

/** Types say so already; a program in JavaScript can pass anything. */
function isEvent(value: unknown): boolean {
  return isJsonObject(value) && typeof value['name'] === 'string' && value['name'] !== '' && isJsonObject(value['params']);
}

/** The events of this device: what happened, as the product model names it. `M` is the device's model. */
export class EventsService<M = undefined> {
  readonly #context: DeviceContext;

  constructor(context: DeviceContext) {
    this.#context = context;
  }

  /**
   * Tells the cloud what happened (Huawei 5.10, Tencent 2.6). Huawei gets one message an event, settled by PUBACK; Tencent one
   * message for all of them, which it takes or refuses as a whole.
   * @param events `{ name, params }`, on Huawei with the `service` of the product model, on Tencent with the `severity` (`info`, `alert`
   * or `fault`; with a model it may be left out, the model says it). `at`, ms since 1970, is when it happened; left out: now.
   * @returns a receipt; fails with `model-violation`, `bad-input`, `too-large`, `outbox-full`, `refused`, `expired`, `dropped`, `closed`.
   */
  post(events: EventsOf<M> | readonly EventsOf<M>[]): Receipt {
    const { device, model } = this.#context;
    // Whatever a model says of them, they are events.
    const list = (Array.isArray(events) ? events : [events]) as readonly DeviceEvent[];
    if (list.length === 0 || !list.every(isEvent)) return this.#context.refuse(new LianyunError('bad-input', 'events.post() takes { name, params } or a list of such events; params is an object, which may be empty.', { device }));
    const complete = list.map((event) => this.#complete(event));
    for (const { service, name, params, severity } of complete) {
      const violation = model?.check.checkEvent(service, name, params, severity);
      if (violation !== undefined) return this.#context.refuse(new LianyunError('model-violation', violation.message, { path: violation.path, device }));
    }
    const { toWire } = model ?? {};
    return this.#send(toWire === undefined ? complete : complete.map((event) => toWire.event(event)));
  }

  /**
   * Registers what takes the events of the cloud (Huawei 5.0): those of the product's own services, not upgrades, files or gateways.
   * @returns a function that takes the registration back. Throws `duplicate-handler`, `unsupported`, `bad-input`.
   */
  onNotify(handler: NotifyHandler): () => void {
    if (typeof handler !== 'function') throw new LianyunError('bad-input', 'events.onNotify() takes a function.');
    return this.#context.peer.handle('event.notify', async ({ device, body }) => {
      for (const event of body.events) await handler({ ...event, device });
    });
  }

  /** An event waits in the outbox while there is no connection: what it is about has its time already. */
  #complete(event: DeviceEvent): DeviceEvent {
    const { model, cloudTime } = this.#context;
    const declared = event.severity === undefined ? model?.check.model?.services.find(({ name }) => name === event.service)?.events.find(({ name }) => name === event.name)?.type : undefined;
    return { ...event, at: event.at ?? cloudTime.now(), ...(declared === undefined ? {} : { severity: declared }) };
  }

  #send(events: readonly DeviceEvent[]): Receipt {
    const { peer, device, qos, dialect } = this.#context;
    const send = (each: readonly DeviceEvent[]): Receipt => peer.send('event.post', { device, body: { events: each } }, qos === undefined ? undefined : { qos });
    return dialect.rows['event.post']?.settledBy === undefined ? joinReceipts(events.map((event) => send([event]))) : send(events);
  }
}
