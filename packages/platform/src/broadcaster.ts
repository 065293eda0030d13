import { LianyunError, type DeviceRef, type Peer } from '@lianyun/protocol';
import type { AccessPort, Cloud } from './access/port.ts';
import type { Downlink } from './downlink.ts';
import type { Registry } from './registry.ts';

/** What an application says to many devices at once. Nothing is kept for those that are not there to hear it. */
export interface Broadcasts {
  /** Publishes bytes to everybody who has subscribed a topic that devices share (Huawei 14.5). */
  toTopic(cloud: Cloud, topic: string, bytes: Buffer): void;
  /**
   * Begins to send bytes to every device of a product that is online and has subscribed to broadcasts, each on its own topic (Tencent 7.4).
   * Throws `conflict` while another such message is on its way to the product's devices.
   */
  toProduct(productId: string, bytes: Buffer, qos: 0 | 1): void;
}

interface BroadcasterOptions {
  readonly access: AccessPort;
  readonly downlink: Downlink;
  readonly registry: Registry;
  readonly peers: Readonly<Record<Cloud, Peer>>;
}

/** Devices that are looked at before others have their turn. */
const A_TURN = 500;

export class Broadcaster implements Broadcasts {
  readonly #options: BroadcasterOptions;
  /** The products to which a message is on its way. */
  readonly #running = new Set<string>();
  #isClosed = false;

  constructor(options: BroadcasterOptions) {
    this.#options = options;
  }

  toTopic(cloud: Cloud, topic: string, bytes: Buffer): void {
    this.#options.access.publish(cloud, { topic, payload: bytes, qos: 1 });
  }

  toProduct(productId: string, bytes: Buffer, qos: 0 | 1): void {
    if (this.#running.has(productId)) throw new LianyunError('conflict', `A message is on its way to the devices of ${productId}; wait for its end.`);
    this.#running.add(productId);
    void this.#send(productId, bytes, qos).finally(() => this.#running.delete(productId));
  }

  close(): void {
    this.#isClosed = true;
  }

  async #send(productId: string, bytes: Buffer, qos: 0 | 1): Promise<void> {
    const { access, registry } = this.#options;
    let looked = 0;
    // Who connects meanwhile was not there.
    for (const via of [...access.online('tencent')]) {
      for (const device of [via, ...registry.childrenOf('tencent', via).map((child) => child.device)]) {
        if (++looked % A_TURN === 0) await new Promise<void>((resolve) => void setImmediate(resolve));
        if (this.#isClosed) return;
        if (registry.findDevice('tencent', device)?.productId === productId) this.#tell(device, bytes, qos);
      }
    }
  }

  #tell(device: DeviceRef, bytes: Buffer, qos: 0 | 1): void {
    const { downlink, peers } = this.#options;
    if (!downlink.reaches('tencent', device)) return;
    const { topic } = peers.tencent.codec.encode('message.broadcast', { device, via: device, body: { bytes } });
    // Who has not subscribed, or is gone, does not hear it.
    downlink.publish('tencent', device, { topic, payload: bytes, qos }).catch(() => undefined);
  }
}
