import * as v from 'valibot';
import { row } from '../dialect.ts';
import { readTimestamp } from '../timestamp.ts';
import { once } from '../once.ts';
import { absent, anyJson, defined, integer, members } from '../wire.ts';
import { method, typed } from './envelope.ts';
import { outcomeWire, readOutcome, writeOutcome } from './outcome.ts';
import { refOf, slotsOf } from './reference.ts';
import { acknowledgement } from './rows.ts';

const serviceUp = { direction: 'up', topic: '$thing/up/service/{productId}/{deviceName}', envelope: method, qos: 0 } as const;
const serviceDown = { direction: 'down', topic: '$thing/down/service/{productId}/{deviceName}', envelope: method, qos: 0, subscribe: 'on-use' } as const;
const configUp = { direction: 'up', topic: '$config/operation/{productId}/{deviceName}', envelope: typed, qos: 0 } as const;
const configDown = { direction: 'down', topic: '$config/operation/result/{productId}/{deviceName}', envelope: typed, qos: 0, subscribe: 'on-use' } as const;

/** Nothing ties the answer to its question: the device does, first in, first out (reference 7.5). */
const byDevice = (m: { readonly device: string }): string => m.device;

const configuration = {
  wire: () => members({ result: absent(integer), payload: v.optional(anyJson) }),
  encode: (m: { readonly device: string; readonly body: { readonly code: number; readonly content?: v.InferOutput<typeof anyJson> } }) => ({ slots: slotsOf(m.device), body: defined({ result: m.body.code, payload: m.body.content }) }),
  decode: (f: { readonly slots: Parameters<typeof refOf>[0]; readonly body: { readonly result?: number | undefined; readonly payload?: v.InferOutput<typeof anyJson> | undefined } }) => ({
    device: refOf(f.slots),
    body: defined({ code: f.body.result ?? 0, content: f.body.payload }),
  }),
} as const;

const degrees = once(() => v.pipe(v.union([v.number(), v.string()]), v.transform(Number), v.finite('a number is expected')));

/** Who uses a device, fences around it (reference 2.8), and its remote configuration (7.5). */
export const serviceRows = () => ({
  'binding.notify': row<'binding.notify'>()({
    ...serviceDown,
    tag: ['bind_device', 'unbind_device'],
    clause: 'tencent 2.8',
    wire: () => members({ timestamp: absent(integer) }),
    encode: (m) => ({ slots: slotsOf(m.device), tag: m.body.bound ? 'bind_device' : 'unbind_device', body: defined({ timestamp: m.body.at }) }),
    decode: (f) => ({ device: refOf(f.slots), body: defined({ bound: f.part.tag === 'bind_device', at: readTimestamp(f.body.timestamp) }) }),
  }),

  'binding.claim': row<'binding.claim'>()({
    ...serviceUp,
    tag: 'app_bind_token',
    clause: 'tencent 2.8',
    hold: 'live',
    wire: () => members({ params: members({ token: v.string() }) }),
    encode: (m) => ({ slots: slotsOf(m.device), body: { params: { token: m.body.token } } }),
    decode: (f) => ({ device: refOf(f.slots), body: { token: f.body.params.token } }),
  }),

  'binding.claim.result': row<'binding.claim.result'>()({
    ...serviceDown,
    tag: 'app_bind_token_reply',
    clause: 'tencent 2.8',
    ...acknowledgement,
    // Nobody has published what the answer has in it: none is success.
    wire: () => members({ ...outcomeWire, code: v.optional(integer, 0) }),
  }),

  'fence.alarm': row<'fence.alarm'>()({
    ...serviceDown,
    tag: 'alert_fence_event',
    clause: 'tencent 2.8',
    wire: () => members({
      timestamp: absent(integer),
      data: members({
        alert_type: absent(v.string()),
        alert_condition: absent(v.picklist(['In', 'Out', 'InOrOut'])),
        alarm_time: absent(integer),
        fence_name: absent(v.string()),
        long: absent(degrees()),
        lat: absent(degrees()),
      }),
    }),
    encode: (m) => {
      const { at, type, condition, alarmAt, name, longitude, latitude } = m.body;
      return { slots: slotsOf(m.device), body: defined({ timestamp: at, data: defined({ alert_type: type, alert_condition: condition, alarm_time: alarmAt, fence_name: name, long: longitude, lat: latitude }) }) };
    },
    decode: (f) => {
      const { data, timestamp } = f.body;
      return {
        device: refOf(f.slots),
        body: defined({
          at: readTimestamp(timestamp),
          type: data.alert_type,
          condition: data.alert_condition,
          alarmAt: readTimestamp(data.alarm_time),
          name: data.fence_name,
          longitude: data.long,
          latitude: data.lat,
        }),
      };
    },
  }),

  'fence.alarm.ack': row<'fence.alarm.ack'>()({
    ...serviceUp,
    tag: 'alert_fence_event_reply',
    clause: 'tencent 2.8',
    hold: 'live',
    wire: () => members({ ...outcomeWire, timestamp: absent(integer) }),
    encode: (m) => ({ slots: slotsOf(m.device), body: defined({ ...writeOutcome(m.body), timestamp: m.body.at }) }),
    decode: (f) => ({ device: refOf(f.slots), body: defined({ ...readOutcome(f.body), at: readTimestamp(f.body.timestamp) }) }),
  }),

  'config.query': row<'config.query'>()({
    ...configUp,
    tag: 'get',
    clause: 'tencent 7.5',
    hold: 'live',
    key: byDevice,
    wire: () => members({}),
    encode: (m) => ({ slots: slotsOf(m.device), body: {} }),
    decode: (f) => ({ device: refOf(f.slots), body: {} }),
  }),

  'config.answer': row<'config.answer'>()({ ...configDown, tag: 'reply', clause: 'tencent 7.5', key: byDevice, ...configuration }),

  'config.push': row<'config.push'>()({ ...configDown, tag: 'push', clause: 'tencent 7.5', ...configuration }),
}) as const;
