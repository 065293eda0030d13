import { LianyunError, type JsonObject, isJsonObject } from '@lianyun/protocol';
import { topicMatches } from '@lianyun/protocol/mqtt';
import type { Subscription } from '../session-owner.ts';
import { serialise } from './serialise.ts';
import { Line } from './line.ts';
import type { Payload, Result, TopicCallback } from './words.ts';

/** Takes a message that a service subscribed. */
export type Route = (payload: Payload, topic: string, qos: number) => void;

/** Topics that no callback of a program's is for, unless they were initialised, or it subscribed them itself. */
const isReserved = (topic: string): boolean => topic.startsWith('$') && !topic.startsWith('$sys/');

/** Who takes what arrives: the services that were initialised, then callbacks of single topics, then `on_message`. */
export class Routes {
  readonly line: Line;
  readonly #services = new Map<string, Route>();
  readonly #callbacks = new Map<string, TopicCallback>();
  /** Filters that the program has subscribed by itself. */
  readonly #own = new Set<string>();

  constructor(options: Omit<ConstructorParameters<typeof Line>[0], 'receive' | 'rest'>) {
    this.line = new Line({ ...options, receive: (topic, payload, qos) => this.#receive(topic, payload, qos), rest: (topic, payload, qos) => (!isReserved(topic) || this.#isOwn(topic)) && this.message(topic, payload, qos) });
  }

  /** Subscribes what the program wants: what comes on it, and no callback is for, is told to `on_message`. */
  subscribe(subscriptions: readonly Subscription[]): Result {
    const result = this.line.subscribe(subscriptions);
    for (const { filter } of subscriptions) this.#own.add(filter);
    return result;
  }

  unsubscribe(filters: readonly string[]): Result {
    const result = this.line.unsubscribe(filters);
    for (const filter of filters) this.#own.delete(filter);
    return result;
  }

  /** Registers a service's filter. */
  on(filter: string, route: Route): void {
    this.#services.set(filter, route);
  }

  off(filter: string): void {
    this.#services.delete(filter);
  }

  /** Registers a program's callback for a topic, or a filter; null takes it back. */
  callback(filter: string, callback: TopicCallback | null | undefined): void {
    if (typeof callback === 'function') this.#callbacks.set(filter, callback);
    else this.#callbacks.delete(filter);
  }

  /** Tells `on_message`. */
  message(topic: string, payload: Payload, qos: number): boolean {
    if (typeof this.line.callbacks.on_message !== 'function') return false;
    this.line.tell('on_message', topic, qos, payload);
    return true;
  }

  #isOwn(topic: string): boolean {
    return [...this.#own].some((filter) => topicMatches(filter, topic));
  }

  #receive(topic: string, payload: Payload, qos: number): boolean {
    const service = find(this.#services, topic);
    if (service !== undefined) {
      this.line.call(topic, () => service(payload, topic, qos));
      return true;
    }
    const callback = find(this.#callbacks, topic);
    if (callback !== undefined) {
      this.line.call('userCallback', () => callback(topic, qos, payload, this.line.userdata));
      return true;
    }
    return false;
  }
}

function find<T>(entries: ReadonlyMap<string, T>, topic: string): T | undefined {
  const exact = entries.get(topic);
  if (exact !== undefined) return exact;
  for (const [filter, entry] of entries) if (/[+#]/.test(filter) && topicMatches(filter, topic)) return entry;
  return undefined;
}

/** The object that a message has to be; what is wrong with it becomes a problem. */
export function objectIn(payload: Payload, topic: string, line: Line): JsonObject | undefined {
  if (isJsonObject(payload) && !(payload instanceof Uint8Array)) return payload;
  line.problem(new LianyunError('bad-frame', `A message on ${topic} is no JSON object.`, { topic, path: '$', excerpt: serialise(payload).slice(0, 200) }));
  return undefined;
}

/** Tells of a member that a message has to have. */
export function missing(member: string, topic: string, line: Line): false {
  line.problem(new LianyunError('bad-frame', `A message on ${topic} has no usable ${member}.`, { topic, path: `$.${member}` }));
  return false;
}
