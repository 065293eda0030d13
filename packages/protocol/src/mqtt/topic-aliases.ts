import type { PublishProperties } from './properties.ts';

/** What a topic alias adds to a packet. */
export const ALIAS_BYTES = 3;

/** Topics that were sent once and may become aliases when they come again. */
const CANDIDATES = 64;

/**
 * The aliases that this end gives to topics (MQTT 5 section 3.3.2.3.4). A topic gets one when it is sent for the second time: many topics carry the id
 * of a request and never come again, and the other end takes a limited number.
 */
export class OutgoingAliases {
  readonly #maximum: number;
  readonly #known = new Map<string, number>();
  readonly #seen = new Set<string>();

  /** `maximum` is the Topic Alias Maximum of the other end; 0: none. */
  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /** Writes a PUBLISH by `write`, which is given the topic to write, empty where the other end knows it by its alias. `hasRoom`: whether the packet may grow by {@link ALIAS_BYTES}. */
  publish(topic: string, write: (topic: string, alias: number | undefined) => void, hasRoom = true): void {
    const known = this.#known.get(topic);
    if (known !== undefined) return write('', known);
    const isNew = hasRoom && this.#known.size < this.#maximum && this.#seen.has(topic);
    const alias = isNew ? this.#known.size + 1 : undefined;
    write(topic, alias);
    // What could not be written is no alias: the other end has not heard of it.
    if (alias !== undefined) {
      this.#known.set(topic, alias);
      this.#seen.delete(topic);
    } else if (this.#known.size < this.#maximum) this.#remember(topic);
  }

  #remember(topic: string): void {
    const [oldest] = this.#seen;
    if (this.#seen.size >= CANDIDATES && oldest !== undefined) this.#seen.delete(oldest);
    this.#seen.add(topic);
  }
}

/** Characters of all topics together that the other end may have aliases for: a connection holds them as long as it lives. */
const MAX_CHARACTERS = 64 * 1024;

/** The aliases that the other end gives to topics, up to the Topic Alias Maximum that it was told. */
export class IncomingAliases {
  readonly #maximum: number;
  #topics: Map<number, string> | undefined;
  #characters = 0;

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /** The topic of a PUBLISH; undefined for an alias that is above the maximum or was never given, or when the topics of all are too long: 0x94. */
  topicOf(topic: string, properties: PublishProperties | undefined): string | undefined {
    const alias = properties?.topicAlias;
    if (alias === undefined) return topic;
    if (alias > this.#maximum) return undefined;
    if (topic === '') return this.#topics?.get(alias);
    this.#characters += topic.length - (this.#topics?.get(alias)?.length ?? 0);
    if (this.#characters > MAX_CHARACTERS) return undefined;
    (this.#topics ??= new Map()).set(alias, topic);
    return topic;
  }
}
