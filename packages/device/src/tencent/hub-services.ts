import { isJsonObject, type JsonObject } from '@lianyun/protocol';
import { ValueError } from './errors.ts';
import { Requests } from './requests.ts';
import type { Routes } from './routes.ts';
import type { TemplateProperty } from './template-lists.ts';
import { isNothing, keyOf, type Result, type TopicCallback } from './words.ts';

/** The shadow of one device (reference 7.2). */
export class Shadow {
  readonly #routes: Routes;
  readonly #productId: string;
  readonly #name: string;
  #count = 0;

  constructor(routes: Routes, productId: string, deviceName: string) {
    this.#routes = routes;
    this.#productId = productId;
    this.#name = keyOf(productId, deviceName);
  }

  init(callback: TopicCallback | null | undefined): Result {
    return subscribe(this.#routes, `$shadow/operation/result/${this.#name}`, callback, 'shadowCb');
  }

  get(): Result {
    return this.#send({ type: 'get', clientToken: this.#token() });
  }

  update(document: unknown): Result {
    if (isNothing(document)) throw new ValueError('There is no shadow document.');
    return this.#send(document);
  }

  constructReport(properties: readonly Pick<TemplateProperty, 'key' | 'data' | 'type'>[]): JsonObject {
    return { type: 'update', state: { reported: Object.fromEntries(properties.map(({ key, data }) => [key, data])) }, clientToken: this.#token() };
  }

  constructClear(): JsonObject {
    return { type: 'update', state: { desired: null }, clientToken: this.#token() };
  }

  #token(): string {
    return `${this.#productId}-${this.#count++}`;
  }

  #send(document: unknown): Result {
    return this.#routes.line.publish(`$shadow/operation/${this.#name}`, document, 0);
  }
}

/** Synchronous calls of the hub (reference 7.3). */
export class Rrpc {
  readonly #routes: Routes;
  readonly #name: string;
  readonly #requests = new Requests();

  constructor(routes: Routes, productId: string, deviceName: string) {
    this.#routes = routes;
    this.#name = keyOf(productId, deviceName);
  }

  init(callback: TopicCallback | null | undefined): Result {
    const { line } = this.#routes;
    const topic = `$rrpc/rxd/${this.#name}`;
    const result = line.subscribe([{ filter: `${topic}/+`, qos: 0 }]);
    this.#routes.on(`${topic}/+`, (payload, full, qos) => {
      // The topic comes without the id of the request, as the vendor's SDK gives it.
      this.#requests.run(full.slice(topic.length + 1), () => {
        if (typeof callback === 'function') line.call('rrpcCb', () => callback(topic, qos, payload, line.userdata));
      });
    });
    return result;
  }

  /** Answers the request whose callback is running, else the oldest that waits, else the latest; or the one with the given id. */
  reply(answer: unknown, given: string | undefined): Result {
    if (isNothing(answer)) throw new ValueError('There is no answer to send.');
    const id = this.#requests.answer(given) ?? this.#requests.latest;
    if (id === undefined) throw new ValueError('No request has arrived that could be answered.');
    return this.#routes.line.publish(`$rrpc/txd/${this.#name}/${id}`, answer, 0);
  }
}

/** Subscribes a topic at QoS 0 whose messages go to a callback. */
export function subscribe(routes: Routes, topic: string, callback: TopicCallback | null | undefined, name: string): Result {
  const { line } = routes;
  const result = line.subscribe([{ filter: topic, qos: 0 }]);
  routes.on(topic, (payload, _, qos) => {
    if (typeof callback === 'function') line.call(name, () => callback(topic, qos, payload, line.userdata));
  });
  return result;
}

/** How long the time is waited for (reference 6.5). */
const TIME_MS = 1500;

/** The platform's time (reference 7.1). */
export class Ntp {
  readonly #routes: Routes;
  readonly #name: string;
  #waiting: ((times: { readonly received: number; readonly sent: number }) => void)[] = [];

  constructor(routes: Routes, name: string) {
    this.#routes = routes;
    this.#name = name;
  }

  /** Milliseconds since 1970, the way there and back taken into account; -1 without an answer. */
  async get(): Promise<number> {
    const { line } = this.#routes;
    line.online();
    const topic = `$sys/operation/result/${this.#name}`;
    const answer = await line.within<number>(TIME_MS, (resolve) => {
      this.#routes.on(topic, (payload, _, qos) => {
        const times = isJsonObject(payload) ? timesIn(payload) : undefined;
        if (times === undefined) return void this.#routes.message(topic, payload, qos);
        for (const each of this.#waiting.splice(0)) each(times);
      });
      line.subscribe([{ filter: topic, qos: 0 }]);
      const sentAt = line.clock.now();
      const waiter = ({ received, sent }: { readonly received: number; readonly sent: number }): void => resolve(Math.round((received + sent + line.clock.now() - sentAt) / 2));
      this.#waiting.push(waiter);
      line.publish(`$sys/operation/${this.#name}`, { type: 'get', resource: ['time'] }, 0);
      return () => void (this.#waiting = this.#waiting.filter((other) => other !== waiter));
    });
    // Who still waits needs the subscription.
    if (this.#waiting.length === 0) {
      this.#routes.off(topic);
      if (line.isConnected) line.unsubscribe([topic]);
    }
    return answer ?? -1;
  }
}

function timesIn({ time, ntptime1: received, ntptime2: sent }: JsonObject): { received: number; sent: number } | undefined {
  return typeof time === 'number' && typeof received === 'number' && typeof sent === 'number' ? { received, sent } : undefined;
}
