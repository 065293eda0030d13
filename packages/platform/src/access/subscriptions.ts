import { hasWildcard, topicMatches, type SubscribePacket, type Subscription } from '@lianyun/protocol/mqtt';
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
  readonly qos: 0 | 1;
  /** The client does not want what it publishes itself (MQTT 5). */
  readonly noLocal: boolean;
}

/** Failures in SUBACK, section 3.9.3; before MQTT 5 there is but one. */
const FAILURE = 0x80;
const NOT_AUTHORIZED = 0x87;
const QUOTA_EXCEEDED = 0x97;
const NO_SHARED = 0x9e;
const NO_IDENTIFIERS = 0xa1;
const NO_SUBSCRIPTION_EXISTED = 0x11;

/** The filters of one client. A gateway may have those of ten thousand sub-devices: none of them is looked at for the others. */
export class Subscriptions {
  readonly #context: SubscriptionContext;
  readonly #held = new Map<string, Held>();
  /** Those of them that have a wildcard, which few clients have. */
  #wild: Map<string, Held> | undefined = undefined;

  constructor(context: SubscriptionContext) {
    this.#context = context;
  }

  /**
   * Adds the filters, or replaces them [MQTT-3.8.4-3]; returns their codes for SUBACK. MQTT 3.1 has no failure code there; 0x80 is what brokers send
   * in it too, and a client of 3.1 reads it as a QoS that it did not get.
   */
  subscribe({ subscriptions, properties }: SubscribePacket): number[] {
    // CONNACK said that there are none.
    if (properties?.subscriptionIdentifiers !== undefined) return subscriptions.map(() => NO_IDENTIFIERS);
    return subscriptions.map((subscription) => this.#subscribe(subscription));
  }

  #subscribe({ filter, qos: asked, noLocal }: Subscription): number {
    const { owner, client, policy, index, limit } = this.#context;
    const qos = asked === 0 ? 0 : 1;
    const refused = (code: number): number => (client.version === 5 ? code : FAILURE);
    if (client.version === 5 && filter.startsWith('$share/')) {
      owner.notice('forbidden-subscribe', `SUBSCRIBE to ${filter} refused: there are no shared subscriptions.`);
      return NO_SHARED;
    }
    if (!policy.maySubscribe(client, filter)) {
      owner.notice('forbidden-subscribe', `SUBSCRIBE to ${filter} refused: ${client.device} may not receive all that it matches.`);
      return refused(NOT_AUTHORIZED);
    }
    if (this.#held.size >= limit && !this.#held.has(filter)) {
      owner.notice('over-limit', `SUBSCRIBE to ${filter} refused: ${client.device} has ${String(limit)} subscriptions, which is the limit.`);
      return refused(QUOTA_EXCEEDED);
    }
    const held = { qos, noLocal } as const;
    this.#held.set(filter, held);
    if (hasWildcard(filter)) (this.#wild ??= new Map<string, Held>()).set(filter, held);
    if (policy.isRouted(client, filter)) index.add(filter, owner);
    return qos;
  }

  /** Returns the code for the UNSUBACK of MQTT 5. */
  unsubscribe(filter: string): number {
    const isHeld = this.#held.delete(filter);
    this.#wild?.delete(filter);
    this.#context.index.remove(filter, this.#context.owner);
    return isHeld ? 0 : NO_SUBSCRIPTION_EXISTED;
  }

  /** The client is gone. */
  clear(): void {
    for (const filter of this.#held.keys()) this.#context.index.remove(filter, this.#context.owner);
    this.#held.clear();
    this.#wild = undefined;
  }

  /** The highest QoS granted to a filter that matches, undefined when none does [MQTT-3.3.5-1]. */
  qosOf(topic: string, isOwn = false): 0 | 1 | undefined {
    const exact = this.#held.get(topic);
    let qos = exact === undefined || (isOwn && exact.noLocal) ? undefined : exact.qos;
    for (const [filter, held] of this.#wild ?? []) {
      if (qos === 1) return 1;
      if ((qos === undefined || held.qos === 1) && !(isOwn && held.noLocal) && topicMatches(filter, topic)) qos = held.qos;
    }
    return qos;
  }
}
