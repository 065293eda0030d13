import { IncomingAliases, OutgoingAliases } from '@lianyun/protocol/mqtt';
import type { ConnackProperties, ConnectPacket, ConnectProperties } from '@lianyun/protocol/mqtt';
import type { AccessLimits } from './limits.ts';
import type { OfflineReason } from './port.ts';

/** Topics that a client may give aliases to. */
const TOPIC_ALIASES = 32;

/** Characters of a reason in words. */
const MAX_REASON = 500;

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

  constructor({ receiveMaximum = 65_535, maximumPacketSize = Infinity, requestProblemInformation = true, topicAliasMaximum = 0 }: ConnectProperties = {}) {
    this.receiveMaximum = receiveMaximum;
    this.maximumPacketBytes = maximumPacketSize;
    this.wantsReasons = requestProblemInformation;
    this.outgoing = new OutgoingAliases(topicAliasMaximum);
  }

  /** Why something is refused or ended, as properties of the packet that says so. */
  reason(text: string | undefined): { readonly properties?: { readonly reasonString: string } } {
    return this.wantsReasons && text !== undefined ? { properties: { reasonString: text.slice(0, MAX_REASON) } } : {};
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
