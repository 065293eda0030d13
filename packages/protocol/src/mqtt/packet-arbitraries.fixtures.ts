// Test support: generated packets of every type and version, and ways to break their bytes.
import fc from 'fast-check';
import { PACKET_TYPES } from './packets.ts';
import type { AckType, MqttVersion, Packet, PacketType } from './packets.ts';
import { PROPERTY_ROWS } from './properties.ts';
import type { PropertyCarrier, PropertyRow } from './properties.ts';
import { REASON_CODES } from './reason-codes.ts';

const isNightly = process.env['LIANYUN_NIGHTLY'] === '1';

/** How often a property is tried: `fast` times, and two hundred times as often in the nightly run. */
export function runs(fast: number): { numRuns: number } {
  return { numRuns: isNightly ? fast * 200 : fast };
}

/** How long a property may take. */
export const FUZZ_TIMEOUT_MS = isNightly ? 600_000 : 20_000;

/** What section 1.5.4 forbids or discourages, as Unicode says it and not as the codec under test does. */
export const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;

const codePoint = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
  { weight: 1, arbitrary: fc.integer({ min: 0xa0, max: 0x10ffff }) },
  { weight: 1, arbitrary: fc.constantFrom(0xa0, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfeff, 0xfffd, 0x10000, 0x10fffd, 0x4e91) },
);
const character = codePoint.map((code) => String.fromCodePoint(code)).filter((char) => !FORBIDDEN.test(char));
export const text = fc.string({ unit: character, maxLength: 20 });
const level = fc.string({ unit: character.filter((char) => !'+#/'.includes(char)), maxLength: 6 });
export const topic = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join('/')).filter((name) => name !== '');
const levels = fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 });
export const filter = fc.tuple(levels, fc.boolean()).map(([parts, hash]) => [...parts, ...(hash ? ['#'] : [])].join('/')).filter((name) => name !== '');
const filter5 = fc.oneof({ weight: 9, arbitrary: filter.filter((name) => !name.startsWith('$share/')) }, { weight: 1, arbitrary: filter.map((name) => `$share/g/${name}`) });
const binary = fc.uint8Array({ maxLength: 40 }).map((content) => Buffer.from(content));
const packetId = fc.integer({ min: 1, max: 0xffff });
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);

function valueOf(row: PropertyRow, carrier: PropertyCarrier): fc.Arbitrary<unknown> {
  const min = row.isNonZero ? 1 : 0;
  switch (row.kind) {
    case 'flag': return fc.boolean();
    case 'bit': return fc.constantFrom(0, 1);
    case 'uint16': return fc.integer({ min, max: 0xffff });
    case 'uint32': return fc.integer({ min, max: 0xffff_ffff });
    case 'list': return fc.array(fc.integer({ min, max: 268_435_455 }), { minLength: 1, maxLength: carrier === 'publish' ? 3 : 1 });
    case 'string': return row.name === 'responseTopic' ? topic : text;
    case 'binary': return binary;
    case 'pair': return fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 3 });
  }
}

/** `{}` or `{ properties }`, since an empty set of properties reads as none. */
function properties(carrier: PropertyCarrier, version: MqttVersion): fc.Arbitrary<object> {
  if (version !== 5) return fc.constant({});
  const model = Object.fromEntries(PROPERTY_ROWS.filter((row) => row.carriers.includes(carrier)).map((row) => [row.name, valueOf(row, carrier)]));
  const record = fc.record(model, { requiredKeys: [] }).map((found): Record<string, unknown> => ({ ...found }));
  const allowed = record.filter((found) => !('authenticationData' in found) || 'authenticationMethod' in found);
  const some = allowed.map((found) => (Object.keys(found).length === 0 ? {} : { properties: found }));
  return fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: some });
}

function reasonCode(type: PacketType, version: MqttVersion): fc.Arbitrary<number> {
  if (version === 5) return fc.constantFrom(...(REASON_CODES[type]?.codes ?? [0]));
  return type === 'suback' ? fc.constantFrom(0, 1, 2, 0x80) : type === 'connack' ? fc.integer({ min: 0, max: 5 }) : fc.constant(0);
}

function optional(name: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  return fc.oneof(fc.constant({}), value.map((one) => ({ [name]: one })));
}

/** One arbitrary of several parts that are merged into one object. */
function merged(...parts: fc.Arbitrary<object>[]): fc.Arbitrary<Packet> {
  return fc.tuple(...parts).map((found) => Object.assign({}, ...found) as Packet); // each caller names the members of its packet
}

function connect(version: MqttVersion): fc.Arbitrary<Packet> {
  const will = merged(fc.record({ topic, payload: binary, qos, retain: fc.boolean() }), properties('will', version));
  const username = fc.oneof(fc.constant({}), merged(fc.record({ username: text }), optional('password', binary)));
  return merged(
    fc.record({ type: fc.constant('connect'), version: fc.constant(version), clientId: text, clean: fc.boolean(), keepAliveSeconds: fc.nat(0xffff) }),
    version === 5 ? merged(optional('username', text), optional('password', binary)) : username,
    optional('will', will),
    properties('connect', version),
  );
}

function publish(version: MqttVersion): fc.Arbitrary<Packet> {
  const head = qos.chain((level) => fc.record({
    type: fc.constant('publish'), topic, payload: binary, qos: fc.constant(level), packetId: level === 0 ? fc.constant(0) : packetId,
    dup: level === 0 ? fc.constant(false) : fc.boolean(), retain: fc.boolean(),
  }));
  const some = merged(head, properties('publish', version));
  if (version !== 5) return some;
  const aliased = fc.tuple(some, fc.integer({ min: 1, max: 0xffff })).map(([packet, topicAlias]): Packet => ({ ...packet, topic: '', properties: { topicAlias } } as Packet));
  return fc.oneof({ weight: 5, arbitrary: some }, { weight: 1, arbitrary: aliased });
}

function subscribe(version: MqttVersion): fc.Arbitrary<Packet> {
  const only5 = version === 5;
  const subscription = (only5 ? filter5 : filter).chain((name) => fc.record({
    filter: fc.constant(name), qos, noLocal: only5 && !name.startsWith('$share/') ? fc.boolean() : fc.constant(false),
    retainAsPublished: only5 ? fc.boolean() : fc.constant(false), retainHandling: only5 ? qos : fc.constant(0),
  }));
  return merged(fc.record({ type: fc.constant('subscribe'), packetId, subscriptions: fc.array(subscription, { minLength: 1, maxLength: 4 }) }), properties('subscribe', version));
}

/** A packet of this type that the codec must be able to write and read. */
export function packetOf(type: PacketType, version: MqttVersion): fc.Arbitrary<Packet> {
  const named = (members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> => fc.record({ type: fc.constant(type), ...members });
  const code = reasonCode(type, version);
  switch (type) {
    case 'connect': return connect(version);
    case 'publish': return publish(version);
    case 'subscribe': return subscribe(version);
    case 'pingreq':
    case 'pingresp': return merged(named({}));
    case 'connack': {
      const result = code.chain((reason) => fc.record({ reasonCode: fc.constant(reason), sessionPresent: reason === 0 ? fc.boolean() : fc.constant(false) }));
      return merged(named({}), result, properties(type, version));
    }
    case 'suback': return merged(named({ packetId, reasonCodes: fc.array(code, { minLength: 1, maxLength: 4 }) }), properties(type, version));
    case 'unsuback': {
      const reasonCodes = version === 5 ? fc.array(code, { minLength: 1, maxLength: 4 }) : fc.constant([]);
      return merged(named({ packetId, reasonCodes }), properties(type, version));
    }
    case 'unsubscribe': {
      const filters = fc.array(version === 5 ? filter5 : filter, { minLength: 1, maxLength: 4 });
      return merged(named({ packetId, filters }), properties(type, version));
    }
    case 'disconnect':
    case 'auth': return merged(named({ reasonCode: code }), properties(type, version));
    default: return merged(named({ packetId, reasonCode: code }), properties(type satisfies AckType, version));
  }
}

/** The packet types of a version. */
export function typesOf(version: MqttVersion): PacketType[] {
  return PACKET_TYPES.filter((type) => type !== 'reserved' && (type !== 'auth' || version === 5)) as PacketType[]; // filter does not narrow
}

export function anyPacket(version: MqttVersion): fc.Arbitrary<Packet> {
  return fc.oneof(...typesOf(version).map((type) => packetOf(type, version)));
}

export const anyVersion = fc.constantFrom(3 as const, 4 as const, 5 as const);

interface Mutation {
  kind: 'set' | 'flip' | 'insert' | 'delete';
  at: number;
  value: number;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('set', 'flip', 'insert', 'delete'), at: fc.nat(200),
  value: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff, 0x23, 0x2b, 0x2f)),
});
export const mutations = fc.array(mutation, { minLength: 1, maxLength: 3 });

/** Breaks bytes; the remaining length of a short packet is made to fit again, so that what lies behind it is reached. */
export function mutate(packet: Buffer, steps: readonly Mutation[], fixesLength: boolean): Buffer {
  const broken = [...packet];
  for (const { kind, at, value } of steps) {
    const i = at % broken.length;
    if (kind === 'set') broken[i] = value;
    else if (kind === 'flip') broken[i] = (broken[i] ?? 0) ^ (1 << (value & 7));
    else if (kind === 'insert') broken.splice(i, 0, value);
    else if (broken.length > 1) broken.splice(i, 1);
  }
  if (fixesLength && broken.length >= 2 && broken.length < 130) broken[1] = broken.length - 2;
  return Buffer.from(broken);
}
