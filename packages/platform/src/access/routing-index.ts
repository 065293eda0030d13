import type { MessageProperties } from '@lianyun/protocol';
import { topicMatches } from '@lianyun/protocol/mqtt';

/** Who can be routed to. */
export interface Subscriber {
  /** The highest QoS of its filters that match, undefined when none does. `isOwn`: it published the message itself, which some filters do not want. */
  grantedQos(topic: string, isOwn: boolean): 0 | 1 | undefined;
  /** Passes the message on; at QoS 1 it keeps the payload. */
  forward(message: Routed): void;
}

/** A message that a device published for others. */
export interface Routed {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly properties?: MessageProperties | undefined;
}

/** Nearly every filter has one subscriber, which then needs no set. */
type Subscribers<S> = S | Set<S>;

/**
 * Who subscribed what, for topics that devices publish to each other. Filters without wildcards are found by their text, the others by the
 * levels before their first wildcard. Only lengths that such a beginning has are looked for, however many levels a topic has.
 */
export class RoutingIndex<S extends object> {
  readonly #exact = new Map<string, Subscribers<S>>();
  readonly #wild = new Map<string, Map<string, Subscribers<S>>>();
  /** How many beginnings there are of each length. */
  readonly #lengths = new Map<number, number>();

  add(filter: string, subscriber: S): void {
    const prefix = literalPrefix(filter);
    if (prefix === undefined) return insert(this.#exact, filter, subscriber);
    let filters = this.#wild.get(prefix);
    if (filters === undefined) {
      this.#wild.set(prefix, (filters = new Map<string, Subscribers<S>>()));
      this.#count(prefix.length, 1);
    }
    insert(filters, filter, subscriber);
  }

  remove(filter: string, subscriber: S): void {
    const prefix = literalPrefix(filter);
    if (prefix === undefined) return erase(this.#exact, filter, subscriber);
    const filters = this.#wild.get(prefix);
    if (filters === undefined) return;
    erase(filters, filter, subscriber);
    if (filters.size > 0) return;
    this.#wild.delete(prefix);
    this.#count(prefix.length, -1);
  }

  /** Everybody with a filter that matches, once each. */
  match(topic: string): ReadonlySet<S> {
    const found = new Set<S>();
    collect(this.#exact.get(topic), found);
    for (const length of this.#lengths.keys()) {
      // A beginning ends with a slash or is empty. `a/#` matches `a` as well, section 4.7.1.2.
      if (length === 0) this.#collectWild('', topic, found);
      else if (length === topic.length + 1) this.#collectWild(`${topic}/`, topic, found);
      else if (topic[length - 1] === '/') this.#collectWild(topic.slice(0, length), topic, found);
    }
    return found;
  }

  #count(length: number, change: 1 | -1): void {
    const count = (this.#lengths.get(length) ?? 0) + change;
    if (count > 0) this.#lengths.set(length, count);
    else this.#lengths.delete(length);
  }

  #collectWild(prefix: string, topic: string, found: Set<S>): void {
    const filters = this.#wild.get(prefix);
    if (filters === undefined) return;
    for (const [filter, subscribers] of filters) if (topicMatches(filter, topic)) collect(subscribers, found);
  }
}

/** Sends a message to every subscriber once, at the lower of its own QoS and the highest granted [MQTT-3.3.5-1]. The payload may be a view. */
export function routeTo(index: RoutingIndex<Subscriber & object>, message: Routed, from?: object): void {
  const { topic, payload, qos, properties } = message;
  let kept: Buffer | undefined;
  for (const subscriber of index.match(topic)) {
    const granted = subscriber.grantedQos(topic, subscriber === from);
    if (granted === undefined) continue;
    if (granted === 0 || qos === 0) subscriber.forward({ topic, payload, qos: 0, properties });
    else subscriber.forward({ topic, payload: (kept ??= Buffer.from(payload)), qos: 1, properties });
  }
}

/** What stands before the first wildcard, undefined when there is none. A wildcard fills its level, so this ends with a slash or is empty. */
function literalPrefix(filter: string): string | undefined {
  const at = filter.search(/[+#]/);
  return at < 0 ? undefined : filter.slice(0, at);
}

function insert<S extends object>(filters: Map<string, Subscribers<S>>, filter: string, subscriber: S): void {
  const known = filters.get(filter);
  if (known === undefined) filters.set(filter, subscriber);
  else if (known instanceof Set) known.add(subscriber);
  else if (known !== subscriber) filters.set(filter, new Set([known, subscriber]));
}

function erase<S extends object>(filters: Map<string, Subscribers<S>>, filter: string, subscriber: S): void {
  const known = filters.get(filter);
  if (known instanceof Set) {
    known.delete(subscriber);
    if (known.size > 0) return;
  } else if (known !== subscriber) return;
  filters.delete(filter);
}

function collect<S extends object>(subscribers: Subscribers<S> | undefined, found: Set<S>): void {
  if (subscribers instanceof Set) for (const subscriber of subscribers) found.add(subscriber);
  else if (subscribers !== undefined) found.add(subscribers);
}
