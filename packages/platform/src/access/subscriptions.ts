import { topicMatches } from '@lianyun/protocol/mqtt';
import type { AccessPolicy, Client, Notice } from './port.ts';
import type { RoutingIndex, Subscriber } from './routing-index.ts';

/** The connection that subscribes. */
export interface SubscriptionOwner extends Subscriber {
  notice(kind: Notice['kind'], text: string): void;
}

export interface SubscriptionContext {
  readonly owner: SubscriptionOwner;
  readonly client: Client;
  readonly policy: AccessPolicy;
  readonly index: RoutingIndex<SubscriptionOwner>;
  readonly limit: number;
}

interface Held {
  readonly filter: string;
  readonly qos: 0 | 1;
}

/** Failure in SUBACK, section 3.9.3. */
const REFUSED = 0x80;

/** The filters of one client. A list, since there are few (at most 100 on Huawei) and thousands of clients have one. */
export class Subscriptions {
  readonly #context: SubscriptionContext;
  #held: Held[] = [];

  constructor(context: SubscriptionContext) {
    this.#context = context;
  }

  /** Adds a filter, or replaces it [MQTT-3.8.4-3]; returns its code for SUBACK. */
  subscribe(filter: string, qos: 0 | 1): number {
    const { owner, client, policy, index, limit } = this.#context;
    if (!policy.maySubscribe(client, filter)) {
      owner.notice('forbidden-subscribe', `SUBSCRIBE to ${filter} refused: ${client.device} may not receive all that it matches.`);
      return REFUSED;
    }
    const others = this.#held.filter((held) => held.filter !== filter);
    if (others.length >= limit) {
      owner.notice('over-limit', `SUBSCRIBE to ${filter} refused: ${client.device} has ${String(others.length)} subscriptions, which is the limit.`);
      return REFUSED;
    }
    this.#held = [...others, { filter, qos }];
    if (policy.isRouted(client, filter)) index.add(filter, owner);
    return qos;
  }

  unsubscribe(filter: string): void {
    this.#held = this.#held.filter((held) => held.filter !== filter);
    this.#context.index.remove(filter, this.#context.owner);
  }

  /** The client is gone. */
  clear(): void {
    for (const { filter } of this.#held) this.#context.index.remove(filter, this.#context.owner);
    this.#held = [];
  }

  /** The highest QoS granted to a filter that matches, undefined when none does [MQTT-3.3.5-1]. */
  qosOf(topic: string): 0 | 1 | undefined {
    let qos: 0 | undefined;
    for (const held of this.#held) {
      if (!topicMatches(held.filter, topic)) continue;
      if (held.qos === 1) return 1;
      qos = 0;
    }
    return qos;
  }
}
