import { LianyunError, type FenceAlarm, type Outcome } from '@lianyun/protocol';
import type { DeviceContext } from './context.ts';

/** A user of an application has bound the device, or let go of it. */
export interface BindingChange {
  readonly device: string;
  readonly bound: boolean;
  /** When, ms since 1970, where the cloud says so. */
  readonly at?: number;
}

/** What a handler throws becomes a problem of the device. */
export type BindingHandler = (change: BindingChange) => void | Promise<void>;
/** Takes a fence's alarm; what it returns is the answer, success when it returns nothing. */
export type FenceHandler = (alarm: FenceAlarm & { readonly device: string }) => Outcome | void | Promise<Outcome | void>;

/** The users of a device in applications, and the fences that they draw (Tencent 2.8). */
export class BindingService {
  readonly #context: DeviceContext;

  constructor(context: DeviceContext) {
    this.#context = context;
  }

  /** Registers what hears that a user bound the device or let go of it; the device subscribes now. @returns a function that takes the registration back. Throws `duplicate-handler`, `bad-input`, `unsupported`. */
  onChange(handler: BindingHandler): () => void {
    if (typeof handler !== 'function') throw new LianyunError('bad-input', 'binding.onChange() takes a function.');
    const undo = this.#context.peer.handle('binding.notify', ({ device, body }) => handler({ ...body, device }));
    this.#context.subscribe('binding.notify');
    return undo;
  }

  /**
   * Passes on the token with which a user claims the device: what the application handed to it over the air while it was provisioned. Rejects with `refused`, `timeout`, `offline`, `aborted`, `closed`,
   * `bad-input`, `unsupported`.
   */
  async claim(token: string, options: { readonly deadlineMs?: number; readonly signal?: AbortSignal } = {}): Promise<void> {
    const { peer, device, dialect } = this.#context;
    if (typeof token !== 'string' || token === '') throw new LianyunError('bad-input', "binding.claim() takes the application's token.", { device });
    this.#context.subscribe('binding.claim');
    const { body } = await peer.request('binding.claim', { device, body: { token } }, { deadlineMs: options.deadlineMs ?? dialect.limits.answerMs, ...(options.signal && { signal: options.signal }) });
    if (body.code !== 0) throw new LianyunError('refused', `The cloud refused to bind ${device} with code ${body.code}: ${body.text ?? 'no text'}.`, { device, number: body.code });
  }

  /** Registers what takes the alarms of fences; the device subscribes now. @returns a function that takes the registration back. Throws `duplicate-handler`, `bad-input`, `unsupported`. */
  onFence(handler: FenceHandler): () => void {
    if (typeof handler !== 'function') throw new LianyunError('bad-input', 'binding.onFence() takes a function.');
    const { clock } = this.#context;
    const undo = this.#context.peer.handle('fence.alarm', async ({ device, body }) => ({ code: 0, ...(await handler({ ...body, device })), at: clock.now() }));
    this.#context.subscribe('fence.alarm');
    return undo;
  }
}
