import * as v from 'valibot';
import { ANY_TAG, row } from '../dialect.ts';
import { LianyunError } from '../errors.ts';
import type { Part } from '../envelope.ts';
import { readTimestamp } from '../timestamp.ts';
import { absent, defined, integer, jsonObject, members } from '../wire.ts';
import type { DeviceEvent, Message } from '../vocabulary.ts';
import { eventDown, eventUp, readTag, received, sent, systemTags, tagOf, writeTime } from './event-envelope.ts';
import { compactTime, readEventTime } from './event-time.ts';

const writeEvent = (m: Message<'event.post'> | Message<'event.notify'>, direction: 'up' | 'down') => {
  const [event] = m.body.events;
  if (event?.service === undefined || m.body.events.length !== 1) throw new LianyunError('bad-input', 'A Huawei message carries one event, of a service of the product: { service, name, params }.', { device: m.device });
  const { service, name, id, at = m.at, params } = event;
  return { ...sent(m, direction), tag: tagOf(service, name), ...(at === undefined ? {} : { time: writeTime(at, direction) }), id, body: params };
};

/** Time and id belong to the event. */
const readEvent = (f: { readonly slots: { readonly deviceId: string }; readonly part: Part; readonly body: DeviceEvent['params'] }) => {
  const { device, at } = received(f);
  const { service, name } = readTag(f.part.tag ?? '');
  return { device, id: undefined, body: { events: [defined({ service, name, id: f.part.id, at, params: f.body })] } };
};

/** A time stamp in milliseconds or seconds, as digits; documented is less than what is sent (reference 5.6). */
const stamp = (value: string | undefined): number | undefined => (value !== undefined && /^\d{1,15}$/.test(value) ? readTimestamp(Number(value)) : readEventTime(value));

/** Characters of a line of a log. How long one may be is documented nowhere. */
const LOG_LENGTHS = { type: 64, content: 65_536 };

/** Events of the product's own services, and those of the platform but for upgrades, files and gateways (reference 5). */
export const eventRows = () => ({
  'event.post': row<'event.post'>()({
    ...eventUp,
    tag: ANY_TAG,
    clause: 'huawei 5.10',
    wire: () => jsonObject,
    encode: (m) => writeEvent(m, 'up'),
    decode: readEvent,
  }),

  'event.notify': row<'event.notify'>()({
    ...eventDown,
    tag: ANY_TAG,
    clause: 'huawei 5.0',
    wire: () => jsonObject,
    encode: (m) => writeEvent(m, 'down'),
    decode: readEvent,
  }),

  'info.report': row<'info.report'>()({
    ...eventUp,
    tag: systemTags('$sdk_info', 'sdk_info_report'),
    clause: 'huawei 5.7',
    wire: () => members({ device_sdk_version: absent(v.string()), fw_version: absent(v.string()), sw_version: absent(v.string()), device_ip: absent(v.string()) }),
    encode: (m) => ({ ...sent(m, 'up'), body: defined({ device_sdk_version: m.body.sdk, fw_version: m.body.firmware, sw_version: m.body.software, device_ip: m.body.ip }) }),
    decode: (f) => ({ ...received(f), body: defined({ sdk: f.body.device_sdk_version, firmware: f.body.fw_version, software: f.body.sw_version, ip: f.body.device_ip }) }),
  }),

  'time.query': row<'time.query'>()({
    ...eventUp,
    tag: systemTags('$time_sync', 'time_sync_request'),
    clause: 'huawei 5.3',
    hold: 'live',
    key: (m) => `${m.via}|${m.body.sentAt ?? ''}`,
    wire: () => members({ device_send_time: absent(integer) }),
    encode: (m) => ({ ...sent(m, 'up'), body: defined({ device_send_time: m.body.sentAt }) }),
    decode: (f) => ({ ...received(f), body: defined({ sentAt: f.body.device_send_time }) }),
  }),

  'time.answer': row<'time.answer'>()({
    ...eventDown,
    tag: systemTags('$time_sync', 'time_sync_response'),
    clause: 'huawei 5.3',
    key: (m) => `${m.via}|${m.body.sentAt ?? ''}`,
    wire: () => members({ device_send_time: absent(integer), server_recv_time: integer, server_send_time: integer }),
    encode: (m) => ({ ...sent(m, 'down'), body: defined({ device_send_time: m.body.sentAt, server_recv_time: m.body.receivedAt, server_send_time: m.body.answeredAt }) }),
    decode: (f) => ({ ...received(f), body: defined({ sentAt: f.body.device_send_time, receivedAt: f.body.server_recv_time, answeredAt: f.body.server_send_time }) }),
  }),

  'log.config': row<'log.config'>()({
    ...eventDown,
    tag: systemTags('$log', 'log_config'),
    clause: 'huawei 5.6',
    wire: () => members({ switch: v.picklist(['on', 'off']), end_time: absent(v.string()) }),
    encode: (m) => ({ ...sent(m, 'down'), body: defined({ switch: m.body.on ? ('on' as const) : ('off' as const), end_time: m.body.until === undefined ? undefined : compactTime(m.body.until) }) }),
    decode: (f) => ({ ...received(f), body: defined({ on: f.body.switch === 'on', until: readEventTime(f.body.end_time) }) }),
  }),

  // A line without a time of its own is as old as its event.
  'log.report': row<'log.report'>()({
    ...eventUp,
    tag: systemTags('$log', 'log_report'),
    clause: 'huawei 5.6',
    wire: () => members({ timestamp: absent(v.pipe(v.union([v.string(), v.number()]), v.transform(String))), type: v.pipe(v.string(), v.nonEmpty('a text that is not empty is expected'), v.maxLength(LOG_LENGTHS.type, `at most ${LOG_LENGTHS.type} characters are expected`)), content: v.pipe(v.string(), v.maxLength(LOG_LENGTHS.content, `at most ${LOG_LENGTHS.content} characters are expected`)) }),
    encode: (m) => ({ ...sent(m, 'up'), body: defined({ timestamp: m.body.at === undefined ? undefined : String(m.body.at), type: m.body.type, content: m.body.content }) }),
    decode: (f) => {
      const event = received(f);
      return { ...event, body: defined({ type: f.body.type, content: f.body.content, at: stamp(f.body.timestamp) ?? event.at }) };
    },
  }),
}) as const;
