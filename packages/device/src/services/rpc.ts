import { LianyunError, type Message } from '@lianyun/protocol';
import type { DeviceContext } from './context.ts';

/** A call of the cloud's: any bytes, which belong to the handler. */
export interface RpcCall {
  /** The device that is called. */
  readonly device: string;
  readonly bytes: Buffer;
  /** The bytes as UTF-8 text. */
  readonly text: string;
}

/** Answers a call, with bytes or text. What it throws becomes a problem of the device, and the cloud's call is not answered: there is no other way to fail. */
export type RpcHandler = (call: RpcCall) => Uint8Array | string | Promise<Uint8Array | string>;

/** Calls without a model that the cloud waits for: RRPC (Tencent 7.3). */
export class RpcService {
  readonly #context: DeviceContext;

  constructor(context: DeviceContext) {
    this.#context = context;
  }

  /**
   * Registers what answers calls, in the form of IoT Hub (which waits 4 seconds) and in that of IoT Explorer. The device subscribes now. Calls are answered each by
   * itself, however many come at once. @returns a function that takes the registration back. Throws `duplicate-handler`, `bad-input`, `unsupported`.
   */
  onCall(handler: RpcHandler): () => void {
    const { peer } = this.#context;
    if (typeof handler !== 'function') throw new LianyunError('bad-input', 'rpc.onCall() takes a function.');
    const run = async ({ device, body }: Message<'rpc.call'> | Message<'sync.call'>): Promise<{ bytes: Uint8Array }> => {
      const bytes = Buffer.from(body.bytes);
      const answer = await handler({ device, bytes, text: bytes.toString('utf8') });
      if (typeof answer !== 'string' && !(answer instanceof Uint8Array)) throw new LianyunError('bad-input', `The handler of rpc.onCall() gave ${answer === null ? 'null' : typeof answer}: text or a Uint8Array is expected.`, { device });
      return { bytes: Buffer.from(answer) };
    };
    const undo = [peer.handle('rpc.call', run), peer.handle('sync.call', run)];
    this.#context.subscribe('rpc.call');
    this.#context.subscribe('sync.call');
    return () => {
      for (const each of undo) each();
    };
  }
}
