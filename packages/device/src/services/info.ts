import { isJsonObject, LianyunError, type DeviceInfo, type Receipt } from '@lianyun/protocol';
import type { DeviceContext } from './context.ts';

/** Name and version of this SDK, as the vendors' own write theirs (Huawei 5.7). */
export const SDK = 'Lianyun_v0.1.0';

/** What this device tells about itself. */
export class InfoService {
  readonly #context: DeviceContext;
  #everyTime: (() => DeviceInfo) | undefined;

  constructor(context: DeviceContext) {
    this.#context = context;
  }

  /**
   * Tells the cloud about this device (Huawei 5.7, Tencent 2.2). Each cloud takes its own part: Huawei `firmware`, `software`, `ip` and
   * `sdk`, which is this SDK's name and version when left out; Tencent `firmware`, `name`, `imei`, `mac`, `hardware`, `module`,
   * `latitude`, `longitude` (degrees as decimal strings) and `labels`.
   * @returns a receipt; fails with `bad-input`, `too-large`, `outbox-full`, `refused`, `expired`, `dropped`, `closed`.
   */
  report(info: DeviceInfo = {}): Receipt {
    const { peer, device, qos } = this.#context;
    if (!isJsonObject(info)) return this.#context.refuse(new LianyunError('bad-input', 'info.report() takes an object: { firmware, software, … }.', { device }));
    return peer.send('info.report', { device, body: { sdk: SDK, ...info } }, qos === undefined ? undefined : { qos });
  }

  /**
   * From now on the cloud is told at every connect, as the vendors' own SDKs do (Huawei 5.7), and now if there is a connection.
   * @param info what to tell, or a function that gives it each time. @returns a function that ends it.
   */
  reportAtConnect(info: DeviceInfo | (() => DeviceInfo) = {}): () => void {
    const told = typeof info === 'function' ? info : () => info;
    this.#everyTime = told;
    if (this.#context.isOnline) this.onOnline();
    return () => {
      if (this.#everyTime === told) this.#everyTime = undefined;
    };
  }

  /** @internal */
  onOnline(): void {
    if (this.#everyTime === undefined) return;
    try {
      // What becomes of it is told by the receipt of a report; of this one nobody has it.
      this.report(this.#everyTime()).delivered.catch(() => undefined);
    } catch (cause) {
      this.#context.problem(new LianyunError('handler-failed', `What info.reportAtConnect() was given threw: ${cause instanceof Error ? cause.message : String(cause)}`, { device: this.#context.device, cause }));
    }
  }
}
