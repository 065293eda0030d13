import { isJsonObject, LianyunError, type DeviceInfo, type Receipt } from '@lianyun/protocol';
import type { DeviceContext } from './context.ts';

/** Name and version of this SDK, as the vendors' own write theirs (Huawei 5.7). */
export const SDK = 'Lianyun_v0.1.0';

/** What this device tells about itself. */
export class InfoService {
  readonly #context: DeviceContext;

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
}
