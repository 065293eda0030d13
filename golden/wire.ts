// The other end of the program under test: MQTT, HTTP and WebSocket on loopback, everything recorded.
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { createServer as createHttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { MqttEnd } from './mqtt-end.ts';
import { redirectDials } from './redirect.ts';
import { Recorder, type SeenPublish } from './recorder.ts';
import { bytesOf, type Injection } from './transcript.ts';

/** A throw-away authority, and the server's certificate, as PEM. */
export interface TlsMaterial {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** What the HTTP server answers. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An HTTP request of the program. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly tls: boolean;
}

/** A WebSocket's byte stream out of an upgrade request. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, accept: (stream: Duplex) => void) => void;

interface WireOptions {
  readonly material: TlsMaterial;
  readonly upgrade: Upgrade;
}

const MQTT_PORTS = new Set([1883]);
const MQTTS_PORTS = new Set([8883]);
const TLS_PORTS = new Set([443, 8443]);

export class Wire implements AsyncDisposable {
  readonly recorder = new Recorder();
  /** CONNACK codes to come; 0 when there are none left. */
  connacks: number[] = [];
  /** Whether nobody is there: a dial is refused. */
  isDown = false;
  /** Whether QoS 1 is acknowledged. */
  acknowledges = true;
  /** What the server sends when a message arrives. */
  respond: (topic: string, publish: SeenPublish) => readonly Injection[] = () => [];
  /** Answers HTTP requests. */
  answer: (request: HttpRequest) => HttpAnswer = () => ({ status: 404, body: '' });
  readonly #ends = new Set<MqttEnd>();
  readonly #servers: readonly (net.Server | Server)[];
  readonly #restore: () => void;

  private constructor(servers: readonly (net.Server | Server)[], restore: () => void) {
    this.#servers = servers;
    this.#restore = restore;
  }

  static async open({ material: { ca, cert, key }, upgrade }: WireOptions): Promise<Wire> {
    const secure = { ca, cert, key, requestCert: true, rejectUnauthorized: false };
    const mqtt = net.createServer((socket) => wire.#accept(socket));
    const mqtts = tls.createServer(secure, (socket) => wire.#accept(socket));
    const http = createHttpServer((request, response) => void wire.#take(request, response, false));
    const https = createHttpsServer(secure, (request, response) => void wire.#take(request, response, true));
    for (const server of [http, https]) {
      server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        wire.recorder.websocket({ request: `${request.method ?? ''} ${request.url ?? ''} HTTP/${request.httpVersion}`, headers: headersOf(request) });
        upgrade(request, socket, head, (stream) => wire.#accept(stream, socket));
      });
    }
    for (const server of [mqtts, https]) server.on('tlsClientError', (error: Error) => wire.recorder.tlsError(error.message));
    const servers = [mqtt, mqtts, http, https];
    const [mqttPort, mqttsPort, httpPort, httpsPort] = await Promise.all(servers.map(listen));
    const restore = redirectDials(({ host, port }) => {
      wire.recorder.dial(host, port);
      if (wire.isDown) return undefined;
      return MQTT_PORTS.has(port) ? mqttPort : MQTTS_PORTS.has(port) ? mqttsPort : TLS_PORTS.has(port) ? httpsPort : httpPort;
    });
    const wire = new Wire(servers, restore);
    return wire;
  }

  /** Sends downlinks to whoever is connected. */
  inject(injections: readonly Injection[]): void {
    const end = [...this.#ends].at(-1);
    if (end === undefined) throw new Error('A downlink cannot be sent: nobody is connected.');
    for (const { topic, payload, qos } of injections) end.send(topic, bytesOf(payload), qos);
  }

  /** Cuts every connection. */
  cut(): void {
    for (const end of this.#ends) end.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#restore();
    this.cut();
    await Promise.all(
      this.#servers.map((server) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
        return promise;
      }),
    );
  }

  #accept(stream: Duplex, socket: Duplex = stream): void {
    const isTls = socket instanceof tls.TLSSocket;
    const subject = isTls ? socket.getPeerCertificate().subject : undefined;
    new MqttEnd(stream, {
      recorder: this.recorder,
      isTls,
      clientCertSubject: subject === undefined ? null : { commonName: subject.CN },
      connack: () => this.connacks.shift() ?? 0,
      acknowledges: () => this.acknowledges,
      respond: (topic, publish) => this.respond(topic, publish).map((each) => ({ ...each, bytes: bytesOf(each.payload) })),
      onOpen: (end) => void this.#ends.add(end),
      onClose: (end) => void this.#ends.delete(end),
    });
  }

  async #take(request: IncomingMessage, response: ServerResponse, isTls: boolean): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const seen: HttpRequest = { method: request.method ?? '', path: request.url ?? '', headers: headersOf(request), body: Buffer.concat(chunks), tls: isTls };
    this.recorder.http({ ...seen, body: seen.body.toString() });
    const { status, body, headers } = this.answer(seen);
    response.writeHead(status, { 'Content-Length': Buffer.byteLength(body), ...headers }).end(body);
  }
}

/** Header names as they were sent. */
function headersOf({ rawHeaders }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Array.from({ length: rawHeaders.length / 2 }, (_, index) => [rawHeaders[index * 2] ?? '', rawHeaders[index * 2 + 1] ?? '']));
}

async function listen(server: net.Server | Server): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  // A TCP server that listens has an address object.
  return (server.address() as net.AddressInfo).port;
}
