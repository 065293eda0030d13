/** Every MQTT 5 property by name (MQTT 5 section 2.2.2.2); a packet carries the ones its own type below picks. */
export interface AllProperties {
  payloadFormatIndicator?: boolean;
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Buffer;
  /** One in SUBSCRIBE, any number in PUBLISH. */
  subscriptionIdentifiers?: readonly number[];
  sessionExpiryInterval?: number;
  assignedClientIdentifier?: string;
  serverKeepAlive?: number;
  authenticationMethod?: string;
  authenticationData?: Buffer;
  requestProblemInformation?: boolean;
  willDelayInterval?: number;
  requestResponseInformation?: boolean;
  responseInformation?: string;
  serverReference?: string;
  reasonString?: string;
  receiveMaximum?: number;
  topicAliasMaximum?: number;
  topicAlias?: number;
  maximumQos?: number;
  retainAvailable?: boolean;
  /** In the order of the wire; a name may come more than once. */
  userProperties?: readonly (readonly [name: string, value: string])[];
  maximumPacketSize?: number;
  wildcardSubscriptionAvailable?: boolean;
  subscriptionIdentifiersAvailable?: boolean;
  sharedSubscriptionAvailable?: boolean;
}

export type PropertyName = keyof AllProperties;

export type ConnectProperties = Pick<AllProperties, 'sessionExpiryInterval' | 'authenticationMethod' | 'authenticationData'
  | 'requestProblemInformation' | 'requestResponseInformation' | 'receiveMaximum' | 'topicAliasMaximum' | 'userProperties' | 'maximumPacketSize'>;
export type WillProperties = Pick<AllProperties, 'payloadFormatIndicator' | 'messageExpiryInterval' | 'contentType' | 'responseTopic'
  | 'correlationData' | 'willDelayInterval' | 'userProperties'>;
export type ConnackProperties = Pick<AllProperties, 'sessionExpiryInterval' | 'assignedClientIdentifier' | 'serverKeepAlive'
  | 'authenticationMethod' | 'authenticationData' | 'responseInformation' | 'serverReference' | 'reasonString' | 'receiveMaximum'
  | 'topicAliasMaximum' | 'maximumQos' | 'retainAvailable' | 'userProperties' | 'maximumPacketSize' | 'wildcardSubscriptionAvailable'
  | 'subscriptionIdentifiersAvailable' | 'sharedSubscriptionAvailable'>;
export type PublishProperties = Pick<AllProperties, 'payloadFormatIndicator' | 'messageExpiryInterval' | 'contentType' | 'responseTopic'
  | 'correlationData' | 'subscriptionIdentifiers' | 'topicAlias' | 'userProperties'>;
/** Of PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK and UNSUBACK. */
export type AckProperties = Pick<AllProperties, 'reasonString' | 'userProperties'>;
export type SubscribeProperties = Pick<AllProperties, 'subscriptionIdentifiers' | 'userProperties'>;
export type UnsubscribeProperties = Pick<AllProperties, 'userProperties'>;
export type DisconnectProperties = Pick<AllProperties, 'sessionExpiryInterval' | 'serverReference' | 'reasonString' | 'userProperties'>;
export type AuthProperties = Pick<AllProperties, 'authenticationMethod' | 'authenticationData' | 'reasonString' | 'userProperties'>;

/** Which properties each carrier of properties may have; the will has its own set inside CONNECT. */
export interface PropertiesOf {
  connect: ConnectProperties;
  will: WillProperties;
  connack: ConnackProperties;
  publish: PublishProperties;
  puback: AckProperties;
  pubrec: AckProperties;
  pubrel: AckProperties;
  pubcomp: AckProperties;
  subscribe: SubscribeProperties;
  suback: AckProperties;
  unsubscribe: UnsubscribeProperties;
  unsuback: AckProperties;
  disconnect: DisconnectProperties;
  auth: AuthProperties;
}

export type PropertyCarrier = keyof PropertiesOf;

/** `flag` is a byte that is 0 or 1, `list` a variable byte integer that may come more than once, `pair` two strings, likewise. */
export type PropertyKind = 'flag' | 'bit' | 'uint16' | 'uint32' | 'string' | 'binary' | 'list' | 'pair';

export interface PropertyRow {
  readonly id: number;
  readonly name: PropertyName;
  readonly kind: PropertyKind;
  readonly carriers: readonly PropertyCarrier[];
  /** Zero is a protocol error. */
  readonly isNonZero: boolean;
}

function row<N extends PropertyName>(id: number, name: N, kind: PropertyKind, carriers: readonly CarrierOf<N>[], isNonZero = false): PropertyRow {
  return { id, name, kind, carriers, isNonZero };
}

/** The carriers whose property type has the name: a row that disagrees with the types above does not compile. */
type CarrierOf<N extends PropertyName> = { [C in PropertyCarrier]: N extends keyof PropertiesOf[C] ? C : never }[PropertyCarrier];

const ACKS = ['puback', 'pubrec', 'pubrel', 'pubcomp', 'suback', 'unsuback'] as const;

/** MQTT 5 section 2.2.2.2, table 2-4. */
export const PROPERTY_ROWS: readonly PropertyRow[] = [
  row(0x01, 'payloadFormatIndicator', 'flag', ['publish', 'will']),
  row(0x02, 'messageExpiryInterval', 'uint32', ['publish', 'will']),
  row(0x03, 'contentType', 'string', ['publish', 'will']),
  row(0x08, 'responseTopic', 'string', ['publish', 'will']),
  row(0x09, 'correlationData', 'binary', ['publish', 'will']),
  row(0x0b, 'subscriptionIdentifiers', 'list', ['publish', 'subscribe'], true),
  row(0x11, 'sessionExpiryInterval', 'uint32', ['connect', 'connack', 'disconnect']),
  row(0x12, 'assignedClientIdentifier', 'string', ['connack']),
  row(0x13, 'serverKeepAlive', 'uint16', ['connack']),
  row(0x15, 'authenticationMethod', 'string', ['connect', 'connack', 'auth']),
  row(0x16, 'authenticationData', 'binary', ['connect', 'connack', 'auth']),
  row(0x17, 'requestProblemInformation', 'flag', ['connect']),
  row(0x18, 'willDelayInterval', 'uint32', ['will']),
  row(0x19, 'requestResponseInformation', 'flag', ['connect']),
  row(0x1a, 'responseInformation', 'string', ['connack']),
  row(0x1c, 'serverReference', 'string', ['connack', 'disconnect']),
  row(0x1f, 'reasonString', 'string', ['connack', ...ACKS, 'disconnect', 'auth']),
  row(0x21, 'receiveMaximum', 'uint16', ['connect', 'connack'], true),
  row(0x22, 'topicAliasMaximum', 'uint16', ['connect', 'connack']),
  row(0x23, 'topicAlias', 'uint16', ['publish'], true),
  row(0x24, 'maximumQos', 'bit', ['connack']),
  row(0x25, 'retainAvailable', 'flag', ['connack']),
  row(0x26, 'userProperties', 'pair', ['connect', 'will', 'connack', 'publish', ...ACKS, 'subscribe', 'unsubscribe', 'disconnect', 'auth']),
  row(0x27, 'maximumPacketSize', 'uint32', ['connect', 'connack'], true),
  row(0x28, 'wildcardSubscriptionAvailable', 'flag', ['connack']),
  row(0x29, 'subscriptionIdentifiersAvailable', 'flag', ['connack']),
  row(0x2a, 'sharedSubscriptionAvailable', 'flag', ['connack']),
];

const BY_ID = new Map(PROPERTY_ROWS.map((r) => [r.id, r]));
const BY_NAME = new Map<string, PropertyRow>(PROPERTY_ROWS.map((r) => [r.name, r]));

/** The property with this identifier on the wire. */
export function propertyById(id: number): PropertyRow | undefined {
  return BY_ID.get(id);
}

/** The property with this name. */
export function propertyByName(name: string): PropertyRow | undefined {
  return BY_NAME.get(name);
}
