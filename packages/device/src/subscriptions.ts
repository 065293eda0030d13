import { topicMatches } from '@lianyun/protocol/mqtt';
import type { Subscription } from './session-owner.ts';

/** Hears what the server made of a SUBSCRIBE or UNSUBSCRIBE: the codes of SUBACK in the order of the filters, none for UNSUBACK. */
export type Told = (reasonCodes: readonly number[]) => void;

interface Asked {
  readonly filters: readonly string[];
  readonly isSubscribe: boolean;
  readonly told: Told | undefined;
}

/** Topic filters that a session keeps subscribed, and what it has asked the server about them. */
export class Subscriptions {
  /** Filters of the protocol itself; they stay whatever a program subscribes beside them. */
  #system: readonly Subscription[];
  #wanted: Map<string, 0 | 1> | undefined;
  #asked: Map<number, Asked> | undefined;
  /** How many of those are SUBSCRIBEs. */
  #open = 0;

  constructor(system: readonly Subscription[]) {
    this.#system = system;
    this.want(system);
  }

  /** All that is to be subscribed on a new connection. */
  get wanted(): Subscription[] {
    return [...(this.#wanted ?? [])].map(([filter, qos]) => ({ filter, qos }));
  }

  /** SUBSCRIBEs that are not answered. */
  get open(): number {
    return this.#open;
  }

  want(subscriptions: readonly Subscription[]): void {
    if (subscriptions.length === 0) return;
    this.#wanted ??= new Map();
    for (const { filter, qos } of subscriptions) this.#wanted.set(filter, qos);
  }

  /** Makes filters the protocol's own; returns those that were not. */
  keep(subscriptions: readonly Subscription[]): Subscription[] {
    const fresh = subscriptions.filter(({ filter }) => !this.#isSystem(filter));
    this.#system = [...this.#system, ...fresh];
    return fresh;
  }

  /** Whether a topic is one of the protocol's own. */
  keeps(topic: string): boolean {
    return this.#system.some(({ filter }) => topicMatches(filter, topic));
  }

  /** Wants filters no more; returns those that the server is to be told of. */
  drop(filters: readonly string[]): string[] {
    const own = filters.filter((filter) => !this.#isSystem(filter));
    for (const filter of own) this.#wanted?.delete(filter);
    return own;
  }

  hasPacketId(packetId: number): boolean {
    return this.#asked?.has(packetId) === true;
  }

  asked(packetId: number, asked: Asked): void {
    (this.#asked ??= new Map()).set(packetId, asked);
    if (asked.isSubscribe) this.#open++;
  }

  /** An answer came; undefined when nothing with that packet id was asked. */
  answered(packetId: number, isSubscribe: boolean): Asked | undefined {
    const asked = this.#asked?.get(packetId);
    if (asked?.isSubscribe !== isSubscribe) return undefined;
    this.#asked?.delete(packetId);
    if (isSubscribe) this.#open--;
    return asked;
  }

  /** The connection is gone, and every answer with it. */
  forgetAsked(): void {
    this.#asked = undefined;
    this.#open = 0;
  }

  #isSystem(filter: string): boolean {
    return this.#system.some((own) => own.filter === filter);
  }
}
