// Test support: the same packets in the words of `mqtt-packet`, the reference of the differential test.
import * as reference from 'mqtt-packet';
import type { MqttVersion, Packet } from './packets.ts';

type Words = Record<string, unknown>;

const RENAMED: Record<string, string> = { maximumQos: 'maximumQoS', subscriptionIdentifiers: 'subscriptionIdentifier' };
const RENAMED_BACK = Object.fromEntries(Object.entries(RENAMED).map(([ours, theirs]) => [theirs, ours]));

/** Writes a packet with the reference; throws what it throws. */
export function generate(packet: Packet, version: MqttVersion): Buffer {
  return reference.generate(toTheirs(packet, version) as unknown as reference.Packet, { protocolVersion: version }); // built by hand below
}

/** Reads bytes that hold one packet; undefined if the reference refuses them or waits for more. */
export function parse(content: Buffer, version: MqttVersion): Packet | undefined {
  const found: Words[] = [];
  let isRefused = false;
  const parser = reference.parser({ protocolVersion: version });
  parser.on('packet', (packet) => found.push(packet as unknown as Words));
  parser.on('error', () => {
    isRefused = true;
  });
  try {
    parser.parse(content);
  } catch {
    return undefined; // some malformed properties make it throw a TypeError
  }
  const [first] = found;
  return isRefused || first === undefined ? undefined : fromTheirs(first, version);
}

/** What of a packet survives the reference: it groups user properties by name and forgets an empty value when another one follows. */
export function comparable(packet: Packet): unknown {
  return mapProperties(packet as unknown as Words, (properties) => {
    const pairs = properties['userProperties'] as [string, string][] | undefined; // as our own type has them
    return pairs === undefined ? properties : { ...properties, userProperties: grouped(pairs) };
  });
}

function grouped(pairs: readonly (readonly [string, string])[]): [string, string[]][] {
  const groups = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const before = groups.get(name);
    if (before === undefined || (before.length === 1 && before[0] === '')) groups.set(name, [value]);
    else before.push(value);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

function mapProperties(packet: Words, change: (properties: Words) => Words): Words {
  const result = { ...packet };
  if (result['properties'] !== undefined) result['properties'] = change(result['properties'] as Words);
  if (result['will'] !== undefined) result['will'] = mapProperties(result['will'] as Words, change);
  return result;
}

function propertiesToTheirs(properties: Words): Words {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => {
    if (name !== 'userProperties') return [RENAMED[name] ?? name, value];
    const groups = Object.create(null) as Record<string, string[]>; // no prototype, since a name may be __proto__
    for (const [key, text] of value as [string, string][]) (groups[key] ??= []).push(text);
    return [name, groups];
  }));
}

function propertiesFromTheirs(properties: Words): Words {
  return Object.fromEntries(Object.entries(properties).map(([name, value]): [string, unknown] => {
    if (name === 'subscriptionIdentifier') return ['subscriptionIdentifiers', [value].flat()];
    if (name !== 'userProperties') return [RENAMED_BACK[name] ?? name, value];
    return [name, Object.entries(value as Record<string, string | string[]>).flatMap(([key, texts]) => [texts].flat().map((one) => [key, one]))];
  }));
}

function toTheirs(ours: Packet, version: MqttVersion): Words {
  const { type, ...members } = mapProperties(ours as unknown as Words, propertiesToTheirs);
  const packet: Words = { cmd: type, ...members };
  if ('packetId' in packet) packet['messageId'] = packet['packetId'];
  if (ours.type === 'connect') return { ...packet, protocolVersion: ours.version, protocolId: ours.version === 3 ? 'MQIsdp' : 'MQTT', keepalive: ours.keepAliveSeconds };
  if (ours.type === 'connack' && version !== 5) return { ...packet, returnCode: ours.reasonCode };
  if (ours.type === 'suback' || ours.type === 'unsuback') return { ...packet, granted: ours.reasonCodes };
  if (ours.type === 'unsubscribe') return { ...packet, unsubscriptions: ours.filters };
  if (ours.type !== 'subscribe') return packet;
  const subscriptions = ours.subscriptions.map((s) => ({ topic: s.filter, qos: s.qos, nl: s.noLocal, rap: s.retainAsPublished, rh: s.retainHandling }));
  return { ...packet, subscriptions };
}

function fromTheirs(words: Words, version: MqttVersion): Packet {
  const their = mapProperties(words, propertiesFromTheirs);
  const type = their['cmd'];
  const properties = their['properties'] === undefined ? {} : { properties: their['properties'] };
  const packet = { type, ...properties } as Words;
  const acknowledged = { ...packet, packetId: their['messageId'] };
  return read() as unknown as Packet; // compared, never used

  function read(): Words {
    switch (type) {
      case 'connect': return {
        ...packet, version: their['protocolVersion'], clientId: their['clientId'], clean: their['clean'], keepAliveSeconds: their['keepalive'],
        ...pick('username', 'password', 'will'),
      };
      case 'connack': return { ...packet, sessionPresent: their['sessionPresent'], reasonCode: their['reasonCode'] ?? their['returnCode'] };
      case 'publish': return { ...acknowledged, ...pick('topic', 'payload', 'qos', 'dup', 'retain'), packetId: their['messageId'] ?? 0 };
      case 'subscribe': return {
        ...acknowledged,
        subscriptions: (their['subscriptions'] as Words[]).map((s) => ({
          filter: s['topic'], qos: s['qos'], noLocal: s['nl'] ?? false, retainAsPublished: s['rap'] ?? false, retainHandling: s['rh'] ?? 0,
        })),
      };
      case 'suback': return { ...acknowledged, reasonCodes: their['granted'] };
      case 'unsuback': return { ...acknowledged, reasonCodes: version === 5 ? their['granted'] : [] };
      case 'unsubscribe': return { ...acknowledged, filters: their['unsubscriptions'] };
      case 'pingreq':
      case 'pingresp': return packet;
      case 'disconnect':
      case 'auth': return { ...packet, reasonCode: their['reasonCode'] ?? 0 };
      default: return { ...acknowledged, reasonCode: their['reasonCode'] ?? 0 };
    }
  }

  function pick(...names: string[]): Words {
    return Object.fromEntries(names.filter((name) => their[name] !== undefined).map((name) => [name, their[name]]));
  }
}
