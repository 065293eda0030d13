import { LianyunError, type DeviceMessage, type Receipt } from '@lianyun/protocol';
import type { DeviceContext } from './context.ts';

/** How a program's values become bytes and come out of them. Both may throw. */
export interface MessageCodec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

/** What carries the bytes. */
interface Carrier {
  send(message: { readonly bytes: Uint8Array }, options: { readonly expiresMs?: number }): Receipt;
  onMessage(handler: (message: Received) => void | Promise<void>): () => void;
}

type Received = DeviceMessage & { readonly device: string };

/** A value that the cloud sent. */
export interface CodedMessage<T> {
  /** The device it is for. */
  readonly device: string;
  readonly value: T;
}

/** Messages of a product with a protocol of its own, in values of the program's (Tencent 2.9). */
export class CodedMessages<T> {
  readonly #context: DeviceContext;
  readonly #messages: Carrier;
  readonly #codec: MessageCodec<T>;

  /** @internal */
  constructor(context: DeviceContext, messages: Carrier, codec: MessageCodec<T>) {
    this.#context = context;
    this.#messages = messages;
    this.#codec = codec;
  }

  /** Encodes a value and sends it. @returns a receipt; fails as that of `messages.send()` does, and with `bad-input` when the codec throws or gives no bytes. */
  send(value: T, options: { readonly expiresMs?: number } = {}): Receipt {
    const { device } = this.#context;
    let bytes: unknown;
    try {
      bytes = this.#codec.encode(value);
    } catch (cause) {
      return this.#context.refuse(new LianyunError('bad-input', `The codec could not encode a message: ${cause instanceof Error ? cause.message : String(cause)}`, { device, cause }));
    }
    if (!(bytes instanceof Uint8Array)) return this.#context.refuse(new LianyunError('bad-input', `The codec gave ${bytes === null ? 'null' : typeof bytes} for a message: a Uint8Array is expected.`, { device }));
    return this.#messages.send({ bytes }, options);
  }

  /**
   * Registers what takes the cloud's messages, decoded. What cannot be decoded becomes a problem of the device and reaches no handler. @returns a function that takes the registration back. Throws
   * `duplicate-handler`, `bad-input`.
   */
  onMessage(handler: (message: CodedMessage<T>) => void | Promise<void>): () => void {
    if (typeof handler !== 'function') throw new LianyunError('bad-input', 'onMessage() takes a function.');
    return this.#messages.onMessage((message) => handler({ device: message.device, value: this.#decode(message) }));
  }

  #decode(message: Received): T {
    const { device } = message;
    if (!('bytes' in message)) throw new LianyunError('bad-frame', `A message for ${device} has content in the system format, and a codec takes bytes.`, { device, path: '$' });
    try {
      return this.#codec.decode(message.bytes);
    } catch (cause) {
      throw new LianyunError('bad-frame', `The codec could not decode a message for ${device}: ${cause instanceof Error ? cause.message : String(cause)}`, { device, path: '$', cause });
    }
  }
}
