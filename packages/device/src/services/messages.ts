import { LianyunError, type DeviceMessage, type MessageProperties, type Receipt } from '@lianyun/protocol';
import { CodedMessages, type MessageCodec } from './coded-messages.ts';
import type { DeviceContext } from './context.ts';
import { propertiesFault } from './message-properties.ts';

/** A message that the cloud sent: content in the system format, or bytes that belong to the handler. */
export type CloudMessage = DeviceMessage & {
  /** The device it is for. */
  readonly device: string;
  /** What came with it over MQTT 5. */
  readonly properties?: MessageProperties;
};

/** Takes a message of the cloud; what it throws becomes a problem of the device. */
export type MessageHandler = (message: CloudMessage) => void | Promise<void>;

/** Messages without a model, in both directions. `M` is what the cloud carries: Tencent bytes only. */
export class MessagesService<M extends DeviceMessage = DeviceMessage> {
  readonly #context: DeviceContext;

  constructor(context: DeviceContext) {
    this.#context = context;
  }

  /**
   * Sends a message (Huawei 3.1, Tencent 2.9 for products with a protocol of their own).
   * @param message `{ bytes }`, which are copied, or on Huawei `{ content, name, messageId }`: any JSON value, a name and an id of the program's own.
   * @param options.expiresMs milliseconds until it is given up. @param options.properties what goes beside it over MQTT 5 (Huawei 3.3.1).
   * @returns a receipt: delivered with the PUBACK (Huawei), with the write to the socket (Tencent, QoS 0). Fails with `bad-input`,
   * `unsupported` (content on Tencent), `too-large`, `outbox-full`, `expired`, `dropped`, `closed`.
   */
  send(message: M, options: { readonly expiresMs?: number; readonly properties?: MessageProperties } = {}): Receipt {
    const { peer, device, qos, dialect } = this.#context;
    // Types say so already; a program in JavaScript can pass anything.
    const given: { readonly bytes?: unknown; readonly content?: unknown } | undefined = typeof message === 'object' && message !== null ? message : undefined;
    const isBytes = given?.bytes instanceof Uint8Array;
    if (given === undefined || (isBytes ? 'content' in given : 'bytes' in given || given.content === undefined))
      return this.#context.refuse(new LianyunError('bad-input', 'messages.send() takes { content, name?, messageId? } or { bytes }, a Uint8Array.', { device }));
    if (!isBytes && dialect.messages === 'bytes') return this.#context.refuse(new LianyunError('unsupported', `A message on the ${dialect.name} cloud is bytes: { bytes }. Text and JSON travel on topics of their own.`, { device }));
    // A copy, since a program may use its buffer again before the message has left.
    const body: DeviceMessage = given.bytes instanceof Uint8Array ? { bytes: Buffer.from(given.bytes) } : message;
    const { expiresMs, properties } = options;
    const fault = propertiesFault(properties, device);
    if (fault !== undefined) return this.#context.refuse(fault);
    return peer.send('message.up', { device, body, ...(properties === undefined ? {} : { properties }) }, { ...(qos === undefined ? {} : { qos }), ...(expiresMs === undefined ? {} : { expiresMs }) });
  }

  /**
   * Registers what takes the messages of the cloud (Huawei 3.2, Tencent 2.9). A device that subscribes for itself does so now.
   * @returns a function that takes the registration back. Throws `duplicate-handler`, `bad-input`.
   */
  onMessage(handler: MessageHandler): () => void {
    if (typeof handler !== 'function') throw new LianyunError('bad-input', 'messages.onMessage() takes a function.');
    const undo = this.#context.peer.handle('message.down', ({ device, body, properties }) => handler({ ...body, device, ...(properties === undefined ? {} : { properties }) }));
    this.#context.subscribe('message.down');
    return undo;
  }

  /**
   * The same messages in values of the program's own: bytes of a product with a protocol of its own, encoded and decoded by the program (Tencent 2.9; on Huawei, raw messages). Throws `bad-input`.
   */
  withCodec<T>(codec: MessageCodec<T>): CodedMessages<T> {
    const given: Readonly<Partial<Record<string, unknown>>> = { ...codec };
    if (typeof given['encode'] !== 'function' || typeof given['decode'] !== 'function') throw new LianyunError('bad-input', 'messages.withCodec() takes { encode, decode }, both functions.');
    // Bytes are a message of every cloud, whatever else M may be.
    return new CodedMessages(this.#context, this as unknown as MessagesService, codec);
  }

  /**
   * Registers what takes the messages to all devices of the product (Tencent 7.4; on Huawei they go to a topic that the devices share, which
   * `device.topics.subscribe()` takes). The device subscribes now.
   * @returns a function that takes the registration back. Throws `duplicate-handler`, `bad-input`, `unsupported`.
   */
  onBroadcast(handler: MessageHandler): () => void {
    if (typeof handler !== 'function') throw new LianyunError('bad-input', 'messages.onBroadcast() takes a function.');
    const undo = this.#context.peer.handle('message.broadcast', ({ device, body }) => handler({ ...body, device }));
    this.#context.subscribe('message.broadcast');
    return undo;
  }
}
