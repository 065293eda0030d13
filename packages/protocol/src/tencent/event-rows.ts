import * as v from 'valibot';
import { row } from '../dialect.ts';
import { raw } from '../envelope.ts';
import { LianyunError } from '../errors.ts';
import { isJsonObject } from '../json.ts';
import { readTimestamp } from '../timestamp.ts';
import type { DeviceEvent, Message } from '../vocabulary.ts';
import { once } from '../once.ts';
import { absent, bytes, defined, integer, jsonObject, members } from '../wire.ts';
import { method } from './envelope.ts';
import { outcomeWire } from './outcome.ts';
import { refOf, slotsOf } from './reference.ts';
import { acknowledgement, propertyDown, propertyUp } from './rows.ts';

const event = once(() => members({ eventId: v.string(), type: absent(v.picklist(['info', 'alert', 'fault'])), timestamp: absent(integer), params: absent(jsonObject) }));

const writeEvent = (entry: DeviceEvent) => {
  if (entry.severity === undefined) throw new LianyunError('bad-input', `The event ${entry.name} needs a severity: info, alert or fault, as its template says.`);
  return defined({ eventId: entry.name, type: entry.severity, timestamp: entry.at, params: entry.params });
};

const readEvent = (entry: v.InferOutput<ReturnType<typeof event>>): DeviceEvent => defined({ name: entry.eventId, severity: entry.type, at: readTimestamp(entry.timestamp), params: entry.params ?? {} });

/** Samples send decimal strings; numbers are read too. */
const coordinate = once(() => v.pipe(v.union([v.string(), v.number()]), v.transform(String)));

/** The vendor's Python SDK sends a list under the name of the single form (2.6). */
const oneOrList = once(() => v.lazy((document) => (isJsonObject(document) && 'events' in document ? members({ events: v.array(event()) }) : event())));

/** Logs of the cloud show a `data` without members in every one. */
const eventAnswer = once(() => members({ ...outcomeWire, data: absent(jsonObject) }));

const bytesOf = ({ device, body }: Message<'message.up' | 'message.down' | 'message.broadcast'>): Uint8Array => {
  if ('bytes' in body) return body.bytes;
  throw new LianyunError('bad-input', 'A message on Tencent is bytes: { bytes }. Text and JSON travel on topics of their own.', { device });
};

/** Bytes as they are, the same in both directions. */
const carried = {
  envelope: raw,
  qos: 0,
  wire: () => bytes,
  encode: (m: Message<'message.up'> | Message<'message.down'>) => ({ slots: slotsOf(m.device), body: bytesOf(m) }),
  decode: (f: { readonly slots: Parameters<typeof refOf>[0]; readonly body: Uint8Array }) => ({ device: refOf(f.slots), body: { bytes: f.body } }),
} as const;

/** Events, device information and raw bytes of IoT Explorer (reference 2.2, 2.6, 2.9, 7.4). */
export const eventRows = () => ({
  'event.post': row<'event.post'>()({
    direction: 'up',
    topic: '$thing/up/event/{productId}/{deviceName}',
    envelope: method,
    tag: ['event_post', 'events_post'],
    clause: 'tencent 2.6',
    qos: 1,
    settledBy: 'event.post.ack',
    wire: oneOrList,
    encode: (m) => {
      const { events, list } = m.body;
      const [first] = events;
      if (first === undefined) throw new LianyunError('bad-input', 'An event message needs an event.', { device: m.device });
      const body = list === true || events.length > 1 ? { events: events.map(writeEvent) } : writeEvent(first);
      // A list of one goes under the name of the single form, as the vendor's Python SDK sends it and the cloud takes it (2.6).
      return { slots: slotsOf(m.device), tag: events.length > 1 ? 'events_post' : 'event_post', body };
    },
    decode: (f) => ({ device: refOf(f.slots), body: 'events' in f.body ? { events: f.body.events.map(readEvent), list: true } : { events: [readEvent(f.body)] } }),
  }),

  'event.post.ack': row<'event.post.ack'>()({
    direction: 'down',
    topic: '$thing/down/event/{productId}/{deviceName}',
    envelope: method,
    tag: ['event_reply', 'events_reply'],
    clause: 'tencent 2.6',
    qos: 0,
    wire: eventAnswer,
    encode: (m) => {
      const { slots, body } = acknowledgement.encode(m);
      return { slots, body: { ...body, data: {} }, tag: m.body.list === true ? 'events_reply' : 'event_reply' };
    },
    decode: (f) => {
      const { device, body } = acknowledgement.decode(f);
      return { device, body: f.part.tag === 'events_reply' ? { ...body, list: true } : body };
    },
  }),

  'info.report': row<'info.report'>()({
    ...propertyUp,
    tag: 'report_info',
    clause: 'tencent 2.2',
    qos: 0,
    settledBy: 'info.report.ack',
    wire: () => members({
      params: members({
        name: absent(v.string()),
        imei: absent(v.string()),
        mac: absent(v.string()),
        fw_ver: absent(v.string()),
        module_hardinfo: absent(v.string()),
        module_softinfo: absent(v.string()),
        // So misspelt in the vendor's own example.
        moudle_softinfo: absent(v.string()),
        lat: absent(coordinate()),
        lon: absent(coordinate()),
        device_label: absent(jsonObject),
      }),
    }),
    encode: (m) => ({
      slots: slotsOf(m.device),
      body: {
        params: defined({
          name: m.body.name,
          imei: m.body.imei,
          mac: m.body.mac,
          fw_ver: m.body.firmware,
          module_hardinfo: m.body.hardware,
          module_softinfo: m.body.module,
          lat: m.body.latitude,
          lon: m.body.longitude,
          device_label: m.body.labels,
        }),
      },
    }),
    decode: (f) => {
      const { params } = f.body;
      return {
        device: refOf(f.slots),
        body: defined({
          name: params.name,
          imei: params.imei,
          mac: params.mac,
          firmware: params.fw_ver,
          hardware: params.module_hardinfo,
          module: params.module_softinfo ?? params.moudle_softinfo,
          latitude: params.lat,
          longitude: params.lon,
          labels: params.device_label,
        }),
      };
    },
  }),

  'info.report.ack': row<'info.report.ack'>()({
    ...propertyDown,
    tag: 'report_info_reply',
    clause: 'tencent 2.2',
    qos: 0,
    ...acknowledgement,
  }),

  'message.up': row<'message.up'>()({
    direction: 'up',
    topic: '$thing/up/raw/{productId}/{deviceName}',
    ...carried,
    clause: 'tencent 2.9',
  }),

  'message.down': row<'message.down'>()({
    direction: 'down',
    topic: '$thing/down/raw/{productId}/{deviceName}',
    ...carried,
    clause: 'tencent 2.9',
    // Only a product with a protocol of its own has this topic.
    subscribe: 'on-use',
  }),

  // The same bytes to every device of a product, each on its own topic.
  'message.broadcast': row<'message.broadcast'>()({
    direction: 'down',
    topic: '$broadcast/rxd/{productId}/{deviceName}',
    envelope: raw,
    clause: 'tencent 7.4',
    qos: 0,
    subscribe: 'on-use',
    wire: () => bytes,
    encode: (m) => ({ slots: slotsOf(m.device), body: bytesOf(m) }),
    decode: (f) => ({ device: refOf(f.slots), body: { bytes: f.body } }),
  }),
}) as const;
