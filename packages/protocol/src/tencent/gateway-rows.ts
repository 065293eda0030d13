import * as v from 'valibot';
import { row } from '../dialect.ts';
import { LianyunError } from '../errors.ts';
import { isTopicLevel } from '../topic.ts';
import type { ChildResult, DeviceRef, Message } from '../vocabulary.ts';
import { once } from '../once.ts';
import { absent, integer, members } from '../wire.ts';
import { typed } from './envelope.ts';
import { refOf, slotsOf } from './reference.ts';

const up = { direction: 'up', topic: '$gateway/operation/{productId}/{deviceName}', envelope: typed, qos: 0 } as const;
/** Only a gateway product has this topic: the vendor's SDKs subscribe it when their gateway service starts (6.3). */
const down = { direction: 'down', topic: '$gateway/operation/result/{productId}/{deviceName}', envelope: typed, qos: 0, subscribe: 'on-use' } as const;

const level = v.pipe(v.string(), v.check(isTopicLevel, 'a level of a topic is expected'));

/** A device in the body of a message (reference 3). */
const pair = { product_id: level, device_name: level };

const readPair = (entry: { readonly product_id: string; readonly device_name: string }): DeviceRef => refOf({ productId: entry.product_id, deviceName: entry.device_name });

const writePair = (device: DeviceRef) => {
  const { productId, deviceName } = slotsOf(device);
  return { product_id: productId, device_name: deviceName };
};

const results = once(() => members({ payload: members({ devices: v.array(members({ ...pair, result: integer })) }) }));

const writeResults = (children: readonly ChildResult[]) => ({
  payload: {
    devices: children.map(({ device, code }) => {
      if (device === undefined) throw new LianyunError('bad-input', 'The result of a sub-device needs its device.');
      return { ...writePair(device), result: code };
    }),
  },
});
const readResults = (body: v.InferOutput<ReturnType<typeof results>>) => body.payload.devices.map((entry) => ({ device: readPair(entry), code: entry.result }));

/** There is no token: what is done to which devices ties an answer to its request (reference 3). */
const keyOf = (via: string, devices: readonly (string | undefined)[], what = ''): string => `${via}|${what}|${[...devices].sort().join(',')}`;

/** What became of each device that was bound or unbound. */
const outcome = {
  ...down,
  key: (m: Message<'child.add.result'> | Message<'child.remove.result'>) => keyOf(m.via, m.body.children.map((child) => child.device)),
  wire: results,
  encode: (m: Message<'child.add.result'> | Message<'child.remove.result'>) => ({ slots: slotsOf(m.via), body: writeResults(m.body.children) }),
  decode: (f: { readonly slots: Parameters<typeof refOf>[0]; readonly body: v.InferOutput<ReturnType<typeof results>> }) => ({ device: refOf(f.slots), body: { children: readResults(f.body) } }),
} as const;

/** One message tells of one status, and an empty one of none. */
const statusTag = (children: readonly { readonly online?: boolean }[]): string => {
  const [first] = children;
  if (first?.online === undefined || children.some((child) => child.online !== first.online)) throw new LianyunError('bad-input', 'One message brings sub-devices online or takes them offline: each says online, and the same.');
  return first.online ? 'online' : 'offline';
};

const searching = once(() => v.pipe(integer, v.picklist([0, 1])));

/** The messages of gateways about their sub-devices (reference 3). */
export const gatewayRows = () => ({
  'child.add': row<'child.add'>()({
    ...up,
    tag: 'bind',
    clause: 'tencent 3.2',
    hold: 'live',
    key: (m) => keyOf(m.via, m.body.children.map((child) => child.device)),
    wire: () => members({
      payload: members({
        devices: v.array(
          members({
            ...pair,
            signature: v.string(),
            random: integer,
            timestamp: integer,
            // What the cloud does not know it refuses with a code of its own (reference 3.7).
            signmethod: v.string(),
            authtype: v.picklist(['psk', 'certificate']),
          }),
        ),
      }),
    }),
    encode: (m) => ({
      slots: slotsOf(m.via),
      body: {
        payload: {
          devices: m.body.children.map((child) => {
            if (!('signature' in child)) throw new LianyunError('bad-input', 'A sub-device on Tencent is bound by its signature.', { device: m.device });
            return { ...writePair(child.device), signature: child.signature, random: child.random, timestamp: Math.floor(child.at / 1000), signmethod: child.method, authtype: child.proof };
          }),
        },
      },
    }),
    decode: (f) => ({
      device: refOf(f.slots),
      body: {
        children: f.body.payload.devices.map((entry) => ({
          device: readPair(entry),
          signature: entry.signature,
          random: entry.random,
          at: entry.timestamp * 1000,
          method: entry.signmethod,
          proof: entry.authtype,
        })),
      },
    }),
  }),

  'child.add.result': row<'child.add.result'>()({
    ...outcome,
    tag: 'bind',
    clause: 'tencent 3.2',
  }),

  'child.remove': row<'child.remove'>()({
    ...up,
    tag: 'unbind',
    clause: 'tencent 3.3',
    hold: 'live',
    key: (m) => keyOf(m.via, m.body.children),
    wire: () => members({ payload: members({ devices: v.array(members(pair)) }) }),
    encode: (m) => ({ slots: slotsOf(m.via), body: { payload: { devices: m.body.children.map(writePair) } } }),
    decode: (f) => ({ device: refOf(f.slots), body: { children: f.body.payload.devices.map(readPair) } }),
  }),

  'child.remove.result': row<'child.remove.result'>()({
    ...outcome,
    tag: 'unbind',
    clause: 'tencent 3.3',
  }),

  'child.status': row<'child.status'>()({
    ...up,
    tag: ['online', 'offline'],
    clause: 'tencent 3.1',
    hold: 'live',
    key: (m) => keyOf(m.via, m.body.children.map((child) => child.device), m.body.children[0]?.online === true ? 'online' : 'offline'),
    wire: () => members({ payload: members({ devices: v.array(members(pair)) }) }),
    encode: (m) => ({ slots: slotsOf(m.via), tag: statusTag(m.body.children), body: { payload: { devices: m.body.children.map((child) => writePair(child.device)) } } }),
    decode: (f) => ({ device: refOf(f.slots), body: { children: f.body.payload.devices.map((entry) => ({ device: readPair(entry), online: f.part.tag === 'online' })) } }),
  }),

  'child.status.result': row<'child.status.result'>()({
    ...down,
    tag: ['online', 'offline'],
    clause: 'tencent 3.1',
    key: (m) => keyOf(m.via, m.body.children.map((child) => child.device), m.body.children[0]?.online === true ? 'online' : 'offline'),
    wire: results,
    encode: (m) => ({ slots: slotsOf(m.via), tag: statusTag(m.body.children), body: writeResults(m.body.children) }),
    decode: (f) => ({ device: refOf(f.slots), body: { children: readResults(f.body).map((child) => ({ ...child, online: f.part.tag === 'online' })) } }),
  }),

  'child.list': row<'child.list'>()({
    ...up,
    tag: 'describe_sub_devices',
    clause: 'tencent 3.4',
    hold: 'live',
    key: (m) => m.via,
    wire: () => members({}),
    encode: (m) => ({ slots: slotsOf(m.via), body: {} }),
    decode: (f) => ({ device: refOf(f.slots), body: {} }),
  }),

  'child.list.result': row<'child.list.result'>()({
    ...down,
    tag: 'describe_sub_devices',
    clause: 'tencent 3.4',
    key: (m) => m.via,
    wire: () => members({ payload: absent(members({ devices: absent(v.array(members(pair))) })) }),
    encode: (m) => ({ slots: slotsOf(m.via), body: { payload: { devices: m.body.children.map(writePair) } } }),
    decode: (f) => ({ device: refOf(f.slots), body: { children: (f.body.payload?.devices ?? []).map(readPair) } }),
  }),

  'child.notify': row<'child.notify'>()({
    ...down,
    tag: 'change',
    clause: 'tencent 3.5',
    wire: () => members({ payload: members({ status: v.pipe(integer, v.picklist([0, 1])), devices: v.array(members(pair)) }) }),
    encode: (m) => ({ slots: slotsOf(m.via), body: { payload: { status: m.body.change === 'added' ? (1 as const) : (0 as const), devices: m.body.children.map((child) => writePair(child.device)) } } }),
    decode: (f) => ({
      device: refOf(f.slots),
      body: { change: f.body.payload.status === 1 ? 'added' : 'removed', children: f.body.payload.devices.map((entry) => ({ device: readPair(entry) })) },
    }),
  }),

  'child.notify.ack': row<'child.notify.ack'>()({
    ...up,
    tag: 'change',
    clause: 'tencent 3.5',
    hold: 'live',
    wire: () => members({ result: integer }),
    encode: (m) => ({ slots: slotsOf(m.via), body: { result: m.body.code } }),
    decode: (f) => ({ device: refOf(f.slots), body: { code: f.body.result } }),
  }),

  // Seen in use and documented nowhere (3.6).
  'child.search': row<'child.search'>()({
    ...down,
    tag: 'search_devices',
    clause: 'tencent 3.6',
    key: (m) => m.via,
    wire: () => members({ payload: members({ status: searching() }) }),
    encode: (m) => ({ slots: slotsOf(m.via), body: { payload: { status: m.body.on ? (1 as const) : (0 as const) } } }),
    decode: (f) => ({ device: refOf(f.slots), body: { on: f.body.payload.status === 1 } }),
  }),

  'child.search.ack': row<'child.search.ack'>()({
    ...up,
    tag: 'search_devices',
    clause: 'tencent 3.6',
    hold: 'live',
    key: (m) => m.via,
    wire: () => members({ payload: members({ status: searching(), result: absent(integer) }) }),
    encode: (m) => ({ slots: slotsOf(m.via), body: { payload: { status: m.body.on ? (1 as const) : (0 as const), result: m.body.code } } }),
    decode: (f) => ({ device: refOf(f.slots), body: { on: f.body.payload.status === 1, code: f.body.payload.result ?? 0 } }),
  }),
}) as const;
