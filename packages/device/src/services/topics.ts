import { failedReceipt, LianyunError, type MessageProperties, type Receipt, type Rights } from '@lianyun/protocol';
import { isTopicFilter, isTopicName, topicMatches } from '@lianyun/protocol/mqtt';
import type { Session } from '../session.ts';
import type { Subscription } from '../session-owner.ts';
import type { DeviceContext } from './context.ts';
import { isThenable } from './deadline.ts';
import { propertiesFault } from './message-properties.ts';

/** A message on a topic of the device's own. `payload` is a copy that may be kept. */
export interface TopicMessage {
  readonly topic: string;
  readonly payload: Buffer;
  /** What came with it over MQTT 5. */
  readonly properties?: MessageProperties;
}

/** A message as it came in; `payload` is only valid during the call. */
export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly properties: MessageProperties | undefined;
}

/** Takes a message; what it throws becomes a problem of the device. */
export type TopicHandler = (message: TopicMessage) => void | Promise<void>;

/** What topics need of a connection. */
export type TopicSession = Pick<Session, 'send'> & { subscribe(subscriptions: readonly Subscription[]): void; unsubscribe(filter: string): void };

/** Topics beside the protocol's own: what the product declares, or the broker offers. */
export class TopicsService {
  readonly #context: DeviceContext;
  readonly #session: TopicSession;
  readonly #rights: Rights;
  /** The one that is told what arrives on the connection, and keeps the handlers. */
  readonly #root: TopicsService;
  #handlers: { readonly filter: string; readonly handler: TopicHandler; readonly qos: 0 | 1 }[] | undefined;

  constructor(context: DeviceContext, session: TopicSession, rights: Rights, root?: TopicsService) {
    this.#context = context;
    this.#session = session;
    this.#rights = rights;
    this.#root = root ?? this;
  }

  /** The topics of a sub-device on this connection. @internal */
  of(context: DeviceContext, session: TopicSession): TopicsService {
    return new TopicsService(context, session, this.#rights, this);
  }

  /**
   * Publishes to a topic of this device. A topic outside its rights is refused here: an MQTT 3.1.1 server would acknowledge and drop it.
   * @param payload is copied. @param options.qos 0 or 1, 1 when left out. @param options.expiresMs milliseconds until it is given up.
   * @param options.properties what goes beside it over MQTT 5.
   * @returns a receipt; fails with `not-permitted`, `bad-input`, `too-large`, `outbox-full`, `expired`, `dropped`, `refused`, `closed`.
   */
  publish(topic: string, payload: string | Uint8Array, options: { readonly qos?: 0 | 1; readonly expiresMs?: number; readonly properties?: MessageProperties } = {}): Receipt {
    const { qos = 1, expiresMs, properties } = options;
    const error = this.#fault(topic, payload, qos, expiresMs) ?? propertiesFault(properties, this.#context.device);
    if (error !== undefined) {
      this.#context.problem(error);
      return failedReceipt(error);
    }
    // A copy, since a program may use its buffer again before the message has left.
    const frame = { topic, payload: typeof payload === 'string' ? payload : Buffer.from(payload), qos, ...(properties === undefined ? {} : { properties }) };
    return this.#session.send(this.#context.device, frame, { hold: 'store', ...(expiresMs === undefined ? {} : { expiresMs }) });
  }

  /**
   * Subscribes a filter of this device, now and after every reconnect. `+` and `#` match as MQTT says.
   * Throws `bad-input` or `not-permitted`. @returns a function that takes the subscription back.
   */
  subscribe(filter: string, handler: TopicHandler, options: { readonly qos?: 0 | 1 } = {}): () => void {
    if (typeof filter !== 'string' || !isTopicFilter(filter)) throw new LianyunError('bad-input', `${JSON.stringify(filter)} is no topic filter.`, { topic: filter });
    if (!this.#rights.maySubscribe(filter, [this.#context.device]) && !this.#rights.mayBeDeclared(filter, this.#context.device)) throw new LianyunError('not-permitted', `${this.#context.device} may not subscribe ${filter}.`, { topic: filter, device: this.#context.device });
    if (typeof handler !== 'function') throw new LianyunError('bad-input', `subscribe(${JSON.stringify(filter)}) was given no handler.`, { topic: filter });
    const { qos = 1 } = options;
    if (qos !== 0 && qos !== 1) throw new LianyunError('bad-input', `subscribe(${JSON.stringify(filter)}) was given qos ${String(qos)}: 0 or 1 is expected.`, { topic: filter });
    const entry = { filter, handler, qos };
    const root = this.#root;
    root.#handlers = [...(root.#handlers ?? []), entry];
    // A filter has one QoS, and the last SUBSCRIBE counts: the highest that a handler wants.
    this.#session.subscribe([{ filter, qos: root.#handlers.some((other) => other.filter === filter && other.qos === 1) ? 1 : 0 }]);
    return () => {
      root.#handlers = root.#handlers?.filter((other) => other !== entry);
      if (root.#handlers?.some((other) => other.filter === filter) !== true) this.#session.unsubscribe(filter);
    };
  }

  /** Whether a handler's filter matches. */
  takes(topic: string): boolean {
    return this.#handlers?.some(({ filter }) => topicMatches(filter, topic)) === true;
  }

  /** Hands a message to the handlers whose filter matches. False when there is none. */
  receive({ topic, payload, properties }: ReceivedMessage): boolean {
    const handlers = this.#handlers?.filter(({ filter }) => topicMatches(filter, topic));
    if (handlers === undefined || handlers.length === 0) return false;
    // The bytes belong to the socket's buffer: the copy is the handlers'.
    const message = { topic, payload: Buffer.from(payload), ...(properties === undefined ? {} : { properties }) };
    for (const { handler } of handlers) this.#run(handler, message);
    return true;
  }

  /** Types say most of it; a program in JavaScript can pass anything. */
  #fault(topic: unknown, payload: unknown, qos: unknown, expiresMs: number | undefined): LianyunError | undefined {
    const bad = (text: string): LianyunError => new LianyunError('bad-input', text, { device: this.#context.device });
    if (typeof topic !== 'string' || !isTopicName(topic)) return bad(`${JSON.stringify(topic)} is no topic to publish to: text without + and # is expected.`);
    if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) return bad(`The payload for ${topic} is neither text nor a Uint8Array.`);
    if (qos !== 0 && qos !== 1) return bad(`qos is ${String(qos)}: 0 or 1 is expected.`);
    if (expiresMs !== undefined && !(expiresMs > 0)) return bad(`expiresMs is ${String(expiresMs)}: a number of milliseconds above 0 is expected.`);
    return this.#rights.mayPublish(topic, [this.#context.device]) || this.#rights.mayBeDeclared(topic, this.#context.device) ? undefined : new LianyunError('not-permitted', `${this.#context.device} may not publish to ${topic}.`, { topic, device: this.#context.device });
  }

  #run(handler: TopicHandler, message: TopicMessage): void {
    const report = (cause: unknown): void => this.#context.problem(new LianyunError('handler-failed', `The handler of ${message.topic} threw: ${cause instanceof Error ? cause.message : String(cause)}`, { topic: message.topic, cause }));
    try {
      const result = handler(message);
      if (isThenable(result)) Promise.resolve(result).catch(report);
    } catch (cause) {
      report(cause);
    }
  }
}
