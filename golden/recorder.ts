// What is seen on the wire while a case is played: every dial, packet and HTTP request, in the transcripts' own words.
import type { MqttVersion } from '@lianyun/protocol/mqtt';

/** A PUBLISH of the program. */
export interface SeenPublish {
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup?: true;
  readonly payload: unknown;
}

/** A CONNECT of the program. */
export interface SeenConnect {
  readonly clientId: string;
  readonly username: string | null;
  readonly password: string | null;
  readonly passwordLength: number | null;
  readonly keepalive: number;
  readonly clean: boolean;
  readonly protocolName: string;
  readonly protocolVersion: MqttVersion;
  readonly will: unknown;
  readonly tls: boolean;
  readonly clientCertSubject: unknown;
}

/** Collects what is seen until it is taken. */
export class Recorder {
  #seen = empty();
  /** Rises with everything that is seen: whoever waits for quiet watches it. */
  activity = 0;

  dial(host: string, port: number): void {
    this.#seen.dial.push({ host, port });
    this.note('dial');
  }

  connect(packet: SeenConnect): void {
    this.#seen.connect.push(packet);
    this.note('CONNECT');
  }

  publish(packet: SeenPublish): void {
    this.#seen.publishes.push(packet);
    this.note('PUBLISH');
  }

  subscribe(entries: readonly { readonly topic: string; readonly qos: number }[]): void {
    this.#seen.subscribes.push(...entries);
    this.note('SUBSCRIBE');
  }

  unsubscribe(topics: readonly string[]): void {
    this.#seen.unsubscribes.push(...topics);
    this.note('UNSUBSCRIBE');
  }

  http(request: unknown): void {
    this.#seen.http.push(request);
    this.note('http');
  }

  websocket(request: unknown): void {
    this.#seen.websocket.push(request);
    this.note('websocket');
  }

  tlsError(text: string): void {
    this.#seen.tlsErrors.push(text);
    this.note('tls_error');
  }

  /** What the program told its user. */
  callback(name: string, args: readonly unknown[]): void {
    this.#seen.callbacks.push({ name, args });
    this.note(`cb:${name}`);
  }

  note(what: string): void {
    this.#seen.order.push(what);
    this.activity++;
  }

  /** What was seen since the last time, in the transcripts' form: one CONNECT is an object, several are a list; what did not happen is left out. */
  take(): Record<string, unknown> {
    const { connect, dial, unsubscribes, http, websocket, tlsErrors, ...always } = this.#seen;
    this.#seen = empty();
    return {
      ...always,
      ...(connect.length === 0 ? {} : { connect: connect.length === 1 ? connect[0] : connect }),
      ...filled({ dial, unsubscribes, http, websocket, tlsErrors }),
    };
  }
}

const filled = (lists: Record<string, readonly unknown[]>): Record<string, unknown> => Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));

function empty() {
  return {
    connect: [] as SeenConnect[],
    dial: [] as { host: string; port: number }[],
    subscribes: [] as { topic: string; qos: number }[],
    unsubscribes: [] as string[],
    publishes: [] as SeenPublish[],
    callbacks: [] as { name: string; args: readonly unknown[] }[],
    http: [] as unknown[],
    websocket: [] as unknown[],
    tlsErrors: [] as string[],
    order: [] as string[],
  };
}
