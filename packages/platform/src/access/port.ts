import type { Server } from 'node:http';
import type { DeviceRef, Frame, MessageProperties, MqttCredentials, Receipt, TopicKind } from '@lianyun/protocol';
import type { ServerTls } from '../tls/server-tls.ts';
import type { Proof } from './proof.ts';

/** Which cloud's protocol a client speaks. */
export type Cloud = 'huawei' | 'tencent';

/** One signed-in device connection. Takeover, sessions and limits go by (cloud, device), never by the client id, which changes every hour on Huawei. */
export interface Client {
  readonly cloud: Cloud;
  readonly device: DeviceRef;
  /** The MQTT level: 3 (3.1), 4 (3.1.1) or 5. */
  readonly version: 3 | 4 | 5;
  readonly clientId: string;
  /** Where it connected from, `address:port`. */
  readonly peer: string;
  /** When it was admitted, ms since 1970. */
  readonly since: number;
  readonly proof: Proof;
  /** It came through this registration group, and may do nothing but ask where to connect (Huawei 6.2). */
  readonly scope?: string;
}

/** What a CONNECT carried, as the policy needs it. */
export interface ConnectRequest extends MqttCredentials {
  readonly version: 3 | 4 | 5;
  readonly keepaliveSeconds: number;
  readonly peer: string;
  readonly proof: Proof;
}

/** Why a CONNECT is refused; the access server turns it into the CONNACK code of the client's MQTT version. */
export type ConnectRefusal = 'identifier-rejected' | 'server-unavailable' | 'bad-credentials' | 'not-authorized';

export type Admission =
  | { readonly accepted: true; readonly cloud: Cloud; readonly device: DeviceRef; readonly limits: ClientLimits; readonly implicit: boolean; readonly given?: Given; /** As {@link Client.scope}. */ readonly scope?: string }
  | { readonly accepted: false; readonly refusal: ConnectRefusal; /** In words, for the log and the trace. */ readonly why: string };

/** What an MQTT 5 client is given instead of what it asked for. */
export interface Given {
  /** It left the client id to the server. */
  readonly clientId?: string;
  readonly keepaliveSeconds?: number;
}

export interface ClientLimits {
  /** A larger PUBLISH ends the connection. */
  readonly payloadBytes: number;
  readonly maxSubscriptions: number;
}

/** A PUBLISH from a device that may publish it. `payload` is a view that is only valid during the call: who keeps it, copies it. */
export interface Uplink {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  /** What came with it over MQTT 5. */
  readonly properties?: MessageProperties | undefined;
}

/**
 * Why a connection ended. `over-limit`: a payload over the limit, or a client that does not read what it is sent; `intake-failed`: an uplink
 * at QoS 1 could not be taken, so that the device has to send it again.
 */
export type OfflineReason =
  | 'client-disconnect' | 'connection-lost' | 'keepalive-timeout' | 'taken-over' | 'kicked' | 'protocol-error' | 'over-limit' | 'intake-failed'
  | 'server-shutdown';

/** The questions that the access server asks the platform, and what it tells it. Nothing MQTT-specific goes further than this. */
export interface AccessPolicy {
  /** Whether a client may sign in, and as what. Also judges its keepalive (0: it wants none). */
  admit(request: ConnectRequest): Admission;
  /** What a PUBLISH is by its topic: `system` only the platform receives, `custom` is routed to subscribers of the same cloud. Asked once for each. */
  kindOf(client: Client, topic: string): TopicKind;
  maySubscribe(client: Client, filter: string): boolean;
  /** Whether a client that was admitted as `implicit` gets a topic without a subscription: its system downlinks, not its custom topics. */
  isImplicit(client: Client, topic: string): boolean;
  /**
   * Whether a filter can match what devices publish to each other; only then the access server looks for it when it routes. The many filters
   * for a device's own system downlinks are not, and cost less memory for it.
   */
  isRouted(client: Client, filter: string): boolean;
  /**
   * An uplink that is not forbidden. At QoS 1 the PUBACK leaves after this returned, or after its promise resolved, in order of arrival; if it throws or rejects,
   * the connection is closed without one, and the device sends again. At QoS 0 a rejection is a notice.
   */
  onUplink(client: Client, uplink: Uplink, kind: TopicKind): void | Promise<void>;
  onOnline(client: Client): void;
  onOffline(client: Client, reason: OfflineReason): void;
  /** A frame as it goes over the wire, for the trace; only called while `wantsTrace()` is true. Must not throw. */
  onFrame?(client: Client, direction: 'up' | 'down', frame: { readonly topic: string; readonly payload: Buffer; readonly qos: 0 | 1 }): void;
  wantsTrace?(): boolean;
  /** Something worth a line in the log: a refused CONNECT, a forbidden topic, a protocol error (with the MQTT clause). Must not throw. */
  onNotice(notice: Notice): void;
}

export interface Notice {
  readonly kind:
    | 'handshake-failed' | 'connect-refused' | 'forbidden-publish' | 'forbidden-subscribe' | 'protocol-error' | 'over-limit' | 'undelivered' | 'kicked'
    | 'intake-failed'
    /** About the platform's own certificate: what it does not name, when it expires. */
    | 'certificate'
    /** The listener or the policy itself failed: nothing a device did. */
    | 'server-fault';
  /** Where the client is connected from; the listener's own address for its faults. */
  readonly peer: string;
  readonly client?: Client;
  readonly text: string;
}

/** The access server as the rest of the platform sees it. */
export interface AccessPort {
  /**
   * Starts to listen, with `tls` over TLS; port 0 takes any free one. Resolves with the port. Rejects with `port-in-use`, `bad-config`, `closed`.
   * May be called for several addresses.
   */
  listen(options: { readonly host: string; readonly port: number; readonly tls?: ServerTls }): Promise<number>;
  /** Takes MQTT over WebSocket at `/mqtt` of an HTTP server as well; `tls` when it speaks TLS. Whoever opened the server closes it. */
  serve(server: Server, tls?: ServerTls): void;
  /** Ends all connections and listeners; resolves when every socket is closed. */
  close(): Promise<void>;
  /** Whether a device is signed in as itself. */
  isOnline(cloud: Cloud, device: DeviceRef): boolean;
  client(cloud: Cloud, device: DeviceRef): Client | undefined;
  /** The devices that are signed in. */
  online(cloud: Cloud): Iterable<DeviceRef>;
  /** The address of this machine that a device's connection reached; undefined when it is not connected, or by a way that does not tell. */
  localAddress(cloud: Cloud, device: DeviceRef): string | undefined;
  /**
   * Sends a frame to a device. On an implicit topic it goes out at QoS 0, or at the QoS of an explicit subscription that covers it;
   * otherwise only if a subscription covers it, at the lower of both QoS. One copy however many filters match.
   * `delivered` resolves with the write at QoS 0 and with the PUBACK at QoS 1; fails with `offline` when there is no connection or it ends,
   * with `unsupported` (text "not subscribed") when nothing covers the topic, with `timeout` when the PUBACK does not come, with `dropped`
   * when too many wait for one, and with `bad-input` for a topic that MQTT forbids. A payload of bytes must not change until then.
   */
  deliver(cloud: Cloud, device: DeviceRef, frame: Frame): Receipt;
  /** Publishes to everybody who has subscribed the topic, as if a device had: what is routed, at the lower of both QoS, once each. */
  publish(cloud: Cloud, frame: Uplink): void;
  /** Ends a device's connection, if it has one; the reason, in words, goes into a notice. */
  kick(cloud: Cloud, device: DeviceRef, reason: string): void;
  /** How many clients are signed in. */
  readonly connections: number;
}
