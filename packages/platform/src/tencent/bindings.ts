import { LianyunError, type Clock, type DeviceRef, type FenceAlarm, type Outcome, type Peer } from '@lianyun/protocol';
import { DIALECTS } from '../admission.ts';
import type { Downlink } from '../downlink.ts';
import type { Registry } from '../registry.ts';

/** A device passed on the token with which an application's user claims it. */
export interface BindingClaim {
  readonly device: DeviceRef;
  readonly token: string;
}

interface BindingOptions {
  readonly peer: Pick<Peer, 'handle' | 'send' | 'request'>;
  readonly registry: Registry;
  readonly downlink: Pick<Downlink, 'route'>;
  readonly clock: Clock;
  onClaim(claim: BindingClaim): void;
}

/** What an application's users mean to Tencent's devices (reference 2.8). Who they are is the application's to know: here devices are only told. */
export class Bindings {
  readonly #options: BindingOptions;

  constructor(options: BindingOptions) {
    this.#options = options;
    options.peer.handle('binding.claim', ({ device, body }) => {
      options.onClaim({ device, token: body.token });
      return { code: 0, text: 'success' };
    });
  }

  /** Tells a device that a user has bound it, or let go of it. Resolves when it left. Rejects with `not-found`, `offline`, `unsupported` (the device has not subscribed). */
  async notify(device: DeviceRef, bound: boolean): Promise<void> {
    const { peer, clock } = this.#options;
    await peer.send('binding.notify', { ...this.#to(device), body: { bound, at: clock.now() } }).delivered;
  }

  /** Tells a device that it crossed a fence. Resolves with what it answered. Rejects with `not-found`, `offline`, `unsupported`, `timeout`. */
  async alarm(device: DeviceRef, alarm: FenceAlarm): Promise<Outcome> {
    const { peer, clock } = this.#options;
    const { body } = await peer.request('fence.alarm', { ...this.#to(device), body: { at: clock.now(), ...alarm } }, { deadlineMs: DIALECTS.tencent.limits.answerMs });
    return body;
  }

  /** Has a gateway look for devices that could be added, or end that (reference 3.6). Resolves with what it answered. Rejects with `not-found`, `offline`, `unsupported`, `timeout`. */
  async search(gateway: DeviceRef, on: boolean): Promise<Outcome> {
    const { body } = await this.#options.peer.request('child.search', { ...this.#to(gateway), body: { on } }, { deadlineMs: DIALECTS.tencent.limits.answerMs });
    return { code: body.code };
  }

  #to(device: DeviceRef): { readonly device: DeviceRef; readonly via: DeviceRef } {
    const { registry, downlink } = this.#options;
    const via = downlink.route('tencent', registry.device('tencent', device).device);
    if (via === undefined) throw new LianyunError('offline', `${device} is not connected.`, { device });
    return { device, via };
  }
}
