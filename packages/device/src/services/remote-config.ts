import { LianyunError, type DeviceRef, type JsonValue, type Outcome } from '@lianyun/protocol';
import type { DeviceContext } from './context.ts';
import { withDeadline } from './deadline.ts';

/** A configuration that the cloud gives a device. */
export interface RemoteConfigUpdate {
  readonly device: DeviceRef;
  /** Any JSON. */
  readonly content: JsonValue;
  /** Aborted when the time for taking it is over. */
  readonly signal: AbortSignal;
}

/** Nothing, or `{ code: 0 }`, is success; another code, or a throw, is failure. */
export type RemoteConfigHandler = (update: RemoteConfigUpdate) => Outcome | void | Promise<Outcome | void>;

/** Result code of an update that threw. */
const FAILED = -1;

/** The configuration that the cloud keeps for this device (Huawei 5.8), or for those of its product (Tencent 7.5). */
export class RemoteConfigService {
  readonly #context: DeviceContext;

  constructor(context: DeviceContext) {
    this.#context = context;
  }

  /**
   * Asks for the configuration; Tencent only. Resolves with it: any JSON. Rejects with `refused` (`place.number` is the cloud's code, 1001 when remote configuration is switched off), `timeout`, `offline`,
   * `aborted`, `closed`, `unsupported`.
   * @param options.deadlineMs how long to wait; left out: as long as the cloud itself would.
   */
  async get(options: { readonly deadlineMs?: number; readonly signal?: AbortSignal } = {}): Promise<JsonValue> {
    const { peer, device, dialect } = this.#context;
    this.#context.subscribe('config.query');
    const { body } = await peer.request('config.query', { device, body: {} }, { deadlineMs: options.deadlineMs ?? dialect.limits.answerMs, ...(options.signal && { signal: options.signal }) });
    if (body.code !== 0) throw noConfiguration(device, body.code);
    return body.content ?? null;
  }

  /**
   * Registers what takes a configuration when the cloud gives one. Huawei waits for what the handler returns, and gives what was not answered again: a day later, or at the next connect. Tencent waits for
   * nothing, and what it gave while the device was away it does not give again: a failure becomes a problem of the device, and `get()` asks.
   * @returns a function that takes the registration back. Throws `duplicate-handler`, `bad-input`.
   */
  onUpdate(handler: RemoteConfigHandler): () => void {
    if (typeof handler !== 'function') throw new LianyunError('bad-input', 'remoteConfig.onUpdate() takes a function.');
    const { peer, dialect } = this.#context;
    if (dialect.rows['config.push'] === undefined) return peer.handle('config.update', async ({ device, body: { content } }) => (await this.#take(handler, device, content)).outcome);
    const undo = peer.handle('config.push', async ({ device, body: { code, content = null } }) => {
      if (code !== 0) throw noConfiguration(device, code);
      const { outcome, isTold } = await this.#take(handler, device, content);
      if (outcome.code !== 0 && !isTold) throw new LianyunError('handler-failed', `The handler of remoteConfig.onUpdate gave ${outcome.code}: ${outcome.text ?? 'no text'}.`, { device, number: outcome.code });
    });
    this.#context.subscribe('config.push');
    return undo;
  }

  /** Hands a configuration over; gives how that went, and whether a problem was told of it. */
  async #take(handler: RemoteConfigHandler, device: DeviceRef, content: JsonValue): Promise<{ readonly outcome: Outcome; readonly isTold: boolean }> {
    const result = await withDeadline(this.#context, 'remoteConfig.onUpdate', (signal) => handler({ device, content, signal }));
    if ('failure' in result) return { outcome: { code: FAILED, text: result.failure }, isTold: true };
    const outcome = result.value ?? { code: 0 };
    if (Number.isInteger(outcome.code)) return { outcome, isTold: false };
    const text = 'the handler of remoteConfig.onUpdate returned what is no answer';
    this.#context.problem(new LianyunError('handler-failed', `${text}: nothing or { code, text } is expected.`, { device }));
    return { outcome: { code: FAILED, text }, isTold: true };
  }
}

function noConfiguration(device: DeviceRef, code: number): LianyunError {
  return new LianyunError('refused', `The cloud has no configuration for ${device}: code ${code}${code === 1001 ? ', remote configuration is switched off' : ''}.`, { device, number: code });
}
