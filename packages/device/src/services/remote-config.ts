import { LianyunError, type JsonValue } from '@lianyun/protocol';
import type { DeviceContext } from './context.ts';

/** Takes a configuration that the cloud pushed; what it throws becomes a problem of the device. */
export type RemoteConfigHandler = (config: JsonValue) => void | Promise<void>;

/** The configuration that the cloud keeps for the devices of a product (Tencent 7.5). */
export class RemoteConfigService {
  readonly #context: DeviceContext;

  constructor(context: DeviceContext) {
    this.#context = context;
  }

  /**
   * Asks for the configuration. Resolves with it: any JSON. Rejects with `refused` (`place.number` is the cloud's code, 1001 when remote configuration is switched off), `timeout`, `offline`,
   * `aborted`, `closed`, `unsupported`.
   * @param options.deadlineMs how long to wait; left out: as long as the cloud itself would.
   */
  async get(options: { readonly deadlineMs?: number; readonly signal?: AbortSignal } = {}): Promise<JsonValue> {
    const { peer, device, dialect } = this.#context;
    this.#context.subscribe('config.query');
    const { body } = await peer.request('config.query', { device, body: {} }, { deadlineMs: options.deadlineMs ?? dialect.limits.answerMs, ...(options.signal && { signal: options.signal }) });
    if (body.code !== 0) throw refused(device, body.code);
    return body.config ?? null;
  }

  /**
   * Registers what takes a configuration when the cloud pushes it; the device subscribes now. What was pushed while the device was away is not pushed again: ask for it with {@link get}.
   * @returns a function that takes the registration back. Throws `duplicate-handler`, `bad-input`, `unsupported`.
   */
  onPush(handler: RemoteConfigHandler): () => void {
    if (typeof handler !== 'function') throw new LianyunError('bad-input', 'remoteConfig.onPush() takes a function.');
    const undo = this.#context.peer.handle('config.push', ({ device, body }) => {
      if (body.code !== 0) throw refused(device, body.code);
      return handler(body.config ?? null);
    });
    this.#context.subscribe('config.push');
    return undo;
  }
}

function refused(device: string, code: number): LianyunError {
  return new LianyunError('refused', `The cloud has no configuration for ${device}: code ${code}${code === 1001 ? ', remote configuration is switched off' : ''}.`, { device, number: code });
}
