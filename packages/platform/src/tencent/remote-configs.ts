import { LianyunError, type DeviceRef, type JsonValue, type Peer, type Vocabulary } from '@lianyun/protocol';
import type { AccessPort } from '../access/port.ts';
import type { Downlink } from '../downlink.ts';
import type { Registry } from '../registry.ts';

/** The cloud's code where remote configuration is switched off (reference 7.5). */
const SWITCHED_OFF = 1001;
/** Devices that are looked at before others have their turn. */
const A_TURN = 500;

interface RemoteConfigOptions {
  readonly peer: Pick<Peer, 'handle' | 'send'>;
  readonly registry: Registry;
  readonly access: Pick<AccessPort, 'online'>;
  readonly downlink: Pick<Downlink, 'route'>;
}

/** The configurations that the devices of Tencent's products ask for (reference 7.5). Kept with the product. */
export class RemoteConfigs {
  readonly #options: RemoteConfigOptions;

  constructor(options: RemoteConfigOptions) {
    this.#options = options;
    options.peer.handle('config.query', ({ device }) => this.#configOf(options.registry.device('tencent', device).productId));
  }

  /** What the devices of a product are given; undefined: nothing, it is switched off. Fails with `not-found`. */
  get(productId: string): JsonValue | undefined {
    return this.#options.registry.product('tencent', productId).remoteConfig;
  }

  /** Says what the devices of a product are given when they ask; undefined switches it off. Fails with `not-found`. */
  set(productId: string, config: JsonValue | undefined): void {
    const { registry } = this.#options;
    registry.updateProduct('tencent', productId, { remoteConfig: config });
  }

  /** Tells the devices of a product that are online and listen; resolves with how many took it. Fails with `not-found`. */
  async push(productId: string): Promise<number> {
    const { registry, access } = this.#options;
    const body = this.#configOf(productId);
    const told: Promise<boolean>[] = [];
    let looked = 0;
    for (const via of [...access.online('tencent')]) {
      for (const device of [via, ...registry.childrenOf('tencent', via).map((child) => child.device)]) {
        if (++looked % A_TURN === 0) await new Promise<void>((resolve) => void setImmediate(resolve));
        if (registry.findDevice('tencent', device)?.productId === productId) told.push(this.#tell(device, body));
      }
    }
    return (await Promise.all(told)).filter(Boolean).length;
  }

  /** Tells one device. Rejects with `offline`, and with `unsupported` when it has not subscribed. */
  async pushTo(device: DeviceRef): Promise<void> {
    const { peer, registry, downlink } = this.#options;
    const via = downlink.route('tencent', device);
    if (via === undefined) throw new LianyunError('offline', `${device} is not connected.`, { device });
    await peer.send('config.push', { device, via, body: this.#configOf(registry.device('tencent', device).productId) }).delivered;
  }

  #configOf(productId: string): Vocabulary['config.push'] {
    const content = this.get(productId);
    return content === undefined ? { code: SWITCHED_OFF } : { code: 0, content };
  }

  async #tell(device: DeviceRef, body: Vocabulary['config.push']): Promise<boolean> {
    const { peer, downlink } = this.#options;
    const via = downlink.route('tencent', device);
    if (via === undefined) return false;
    // Who has not subscribed, or is gone, does not hear it.
    return peer.send('config.push', { device, via, body }).delivered.then(() => true, () => false);
  }
}
