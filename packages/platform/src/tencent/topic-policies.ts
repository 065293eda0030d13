import { tencent, type DeviceRef } from '@lianyun/protocol';
import { topicMatches } from '@lianyun/protocol/mqtt';
import type { Registry } from '../registry.ts';

/** What devices of a product may do with a topic of its own (reference 10.6): 1 publish, 2 subscribe, 3 both. */
export type Privilege = 1 | 2 | 3;

/** A topic that a product declares; `name` is what follows `ProductId/DeviceName/`. */
export interface TopicPolicy {
  readonly name: string;
  readonly privilege: Privilege;
}

const ACCESS: Readonly<Record<'publish' | 'subscribe' | 'both', Privilege>> = { publish: 1, subscribe: 2, both: 3 };

/** The topics that every product has (reference 0.2). */
export const DEFAULT_TOPICS: readonly TopicPolicy[] = tencent.customTopics.map(({ template, access }) => ({ name: template.segments.at(-1)?.text ?? '', privilege: ACCESS[access] }));

/** What devices may do with the topics that their products declare, beside those of the protocol. */
export class TopicPolicies {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** The topics of a product, first those that every product has. */
  list(productId: string): readonly TopicPolicy[] {
    return [...DEFAULT_TOPICS, ...(this.#registry.product('tencent', productId).topics ?? [])];
  }

  mayPublish(topic: string, devices: Iterable<DeviceRef>): boolean {
    return this.#some(devices, 1, (own) => own === topic);
  }

  /** Whether a filter names a topic of one of the devices, and nothing else. */
  maySubscribe(filter: string, devices: Iterable<DeviceRef>): boolean {
    return this.#some(devices, 2, (own) => own === filter);
  }

  /** Whether a filter can match a topic of a device's own. */
  meets(filter: string, device: DeviceRef): boolean {
    return this.#some([device], 3, (own) => topicMatches(filter, own));
  }

  #some(devices: Iterable<DeviceRef>, wanted: Privilege, test: (own: string) => boolean): boolean {
    for (const device of devices) {
      const found = this.#registry.findDevice('tencent', device);
      const product = found === undefined ? undefined : this.#registry.findProduct('tencent', found.productId);
      if (product?.cloud !== 'tencent') continue;
      for (const { name, privilege } of product.topics ?? []) if ((privilege & wanted) !== 0 && test(`${device}/${name}`)) return true;
    }
    return false;
  }
}
