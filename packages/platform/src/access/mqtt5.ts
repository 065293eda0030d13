import { encodePacket, IncomingAliases, OutgoingAliases } from '@lianyun/protocol/mqtt';
import type { ConnackPacket, ConnackProperties, ConnectPacket, ConnectProperties, DisconnectPacket } from '@lianyun/protocol/mqtt';
import type { AccessLimits } from './limits.ts';
import type { Notice, OfflineReason } from './port.ts';

/** Topics that a client may give aliases to. */
const TOPIC_ALIASES = 32;

/** Characters of a reason in words. */
export const MAX_REASON = 500;

/** What a packet that gives a reason has besides its words, at most. */
const REASON_PACKET_BYTES = 16;

/** A PUBLISH that ends its connection: why, and the code for DISCONNECT. */
interface Offence {
  readonly reason: Extract<OfflineReason, Notice['kind']>;
  readonly text: string;
  readonly code: number;
}

/** What an MQTT 5 connection has beside the others; its client said it in CONNECT. */
export class Mqtt5 {
  /** Downlinks at QoS 1 that may wait for their PUBACK at once. */
  readonly receiveMaximum: number;
  /** Largest packet that the client takes. */
  readonly maximumPacketBytes: number;
  /** Whether packets may say in words why something was refused. */
  readonly wantsReasons: boolean;
  readonly incoming = new IncomingAliases(TOPIC_ALIASES);
  readonly outgoing: OutgoingAliases;
  readonly #waitingUplinks: number;
  /** It asked for a session that outlives the connection. */
  readonly #wantsSession: boolean;

  /** `waitingUplinks`: the Receive Maximum that CONNACK says. */
  constructor({ receiveMaximum = 65_535, maximumPacketSize = Infinity, requestProblemInformation = true, topicAliasMaximum = 0, sessionExpiryInterval = 0 }: ConnectProperties = {}, waitingUplinks = 65_535) {
    this.receiveMaximum = receiveMaximum;
    this.maximumPacketBytes = maximumPacketSize;
    this.wantsReasons = requestProblemInformation;
    this.outgoing = new OutgoingAliases(topicAliasMaximum);
    this.#waitingUplinks = waitingUplinks;
    this.#wantsSession = sessionExpiryInterval > 0;
  }

  /** What a PUBLISH does that CONNACK said is not done here; `owed` are the PUBACKs that its client waits for. Positional, since it is asked for every message. */
  offenceOf(topic: string, qos: 0 | 1, retain: boolean, owed: number): Offence | undefined {
    if (retain) return { reason: 'protocol-error', text: `PUBLISH to ${topic} to be retained: neither cloud retains messages [MQTT-3.2.2-14].`, code: 0x9a };
    if (qos === 0 || owed < this.#waitingUplinks) return undefined;
    return { reason: 'over-limit', text: `PUBLISH to ${topic} while ${String(owed)} wait for their PUBACK: more than Receive Maximum says.`, code: 0x93 };
  }

  /** Why a DISCONNECT is none (section 3.14.2.2.2); undefined when nothing is wrong with it. */
  faultOf({ properties }: DisconnectPacket): string | undefined {
    if (this.#wantsSession || (properties?.sessionExpiryInterval ?? 0) === 0) return undefined;
    return 'DISCONNECT asks for a session that outlives the connection, and CONNECT did not (MQTT 5 section 3.14.2.2.2).';
  }

  /** Why something is refused or ended, as properties of the packet that says so. */
  reason(text: string | undefined): { readonly properties?: { readonly reasonString: string } } {
    if (!this.wantsReasons || text === undefined) return {};
    const reasonString = text.slice(0, MAX_REASON);
    // Left out where it would make the packet too large for the client [MQTT-3.2.2-19].
    return Buffer.byteLength(reasonString) + REASON_PACKET_BYTES > this.maximumPacketBytes ? {} : { properties: { reasonString } };
  }

  /** Whether the client takes a packet of that size [MQTT-3.1.2-24]. */
  takes(packet: ConnackPacket): boolean {
    return this.maximumPacketBytes === Infinity || encodePacket(packet, 5).length <= this.maximumPacketBytes;
  }
}

/** What this server says of itself in CONNACK. `clientId` and `keepaliveSeconds` are given where the client did not get what it asked for. */
export function connackProperties({ properties }: ConnectPacket, limits: AccessLimits, given: { readonly clientId?: string | undefined; readonly keepaliveSeconds?: number | undefined }): ConnackProperties {
  return {
    maximumQos: 1,
    retainAvailable: false,
    receiveMaximum: limits.waitingUplinks,
    maximumPacketSize: limits.maxPacketBytes,
    topicAliasMaximum: TOPIC_ALIASES,
    subscriptionIdentifiersAvailable: false,
    sharedSubscriptionAvailable: false,
    // No session outlives its connection.
    ...((properties?.sessionExpiryInterval ?? 0) === 0 ? {} : { sessionExpiryInterval: 0 }),
    ...(given.clientId === undefined ? {} : { assignedClientIdentifier: given.clientId }),
    ...(given.keepaliveSeconds === undefined ? {} : { serverKeepAlive: given.keepaliveSeconds }),
  };
}

/** Reason codes of DISCONNECT (section 3.14.2.1) where nothing more exact is known; undefined: the client said goodbye itself, or cannot hear it. */
export const DISCONNECT_CODES: Readonly<Record<OfflineReason, number | undefined>> = {
  'client-disconnect': undefined,
  'connection-lost': undefined,
  'keepalive-timeout': 0x8d,
  'taken-over': 0x8e,
  kicked: 0x98,
  'protocol-error': 0x82,
  'over-limit': 0x97,
  'intake-failed': 0x83,
  'server-shutdown': 0x8b,
};
