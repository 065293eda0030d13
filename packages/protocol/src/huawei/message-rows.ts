import { isUtf8 } from 'node:buffer';
import * as v from 'valibot';
import { row } from '../dialect.ts';
import { copyOf, textOf, type Envelope, type Part, type Payload } from '../envelope.ts';
import { LianyunError } from '../errors.ts';
import { isJsonObject, parseFrame, stringifyExact, type JsonObject } from '../json.ts';
import type { DeviceMessage, Message, ShadowService } from '../vocabulary.ts';
import { once } from '../once.ts';
import { absent, anyJson, bytes, defined, integer, jsonObject, members } from '../wire.ts';
import { compactTime, readEventTime } from './event-time.ts';
import { question } from './rows.ts';

const KEYS = new Set(['object_device_id', 'name', 'id', 'content']);
const isTextOrAbsent = (value: unknown): boolean => value === undefined || value === null || typeof value === 'string';

/**
 * The document if it has the system format: an object that holds nothing but the four members, all but the content text
 * (reference 3.2). The vendor's Python SDK wants the content to be text as well, its Java SDK does not; the C SDK sends objects.
 */
function systemMessage(payload: Payload): JsonObject | undefined {
  if (typeof payload !== 'string' && !isUtf8(payload)) return undefined;
  const text = textOf(payload);
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const document = parseFrame(text, '');
    if (!isJsonObject(document) || !Object.keys(document).every((key) => KEYS.has(key))) return undefined;
    return [document['object_device_id'], document['name'], document['id']].every(isTextOrAbsent) ? document : undefined;
  } catch {
    return undefined;
  }
}

/** A message is in the system format, or any bytes at all (reference 3.1, 3.2): nothing here is a bad frame. */
const message: Envelope = {
  open(payload) {
    const document = systemMessage(payload);
    // The bytes belong to the connection: they are copied.
    if (document === undefined) return [{ body: copyOf(payload) }];
    const { object_device_id: device, ...body } = document;
    return [{ ...(typeof device === 'string' && device !== '' ? { device } : {}), body }];
  },
  seal: ({ body, device }) => (body instanceof Uint8Array ? body : stringifyExact({ ...(device === undefined ? {} : { object_device_id: device }), ...(body as object) })),
};

const wire = once(() => v.union([bytes, members({ name: absent(v.string()), id: absent(v.string()), content: v.optional(v.nullable(anyJson)) })]));

/** The device is named only where it is not the connected one; bytes have no place for it. */
const write = ({ device, via, body }: Message<'message.up'> | Message<'message.down'>) => {
  const target = { slots: { deviceId: via }, ...(device === via ? {} : { device }) };
  if (!('bytes' in body)) return { ...target, body: defined({ name: body.name, id: body.messageId, content: body.content }) };
  if (device !== via) throw new LianyunError('bad-input', 'Bytes do not say that they are for or from a sub-device: give { content } instead.', { device });
  return { ...target, body: body.bytes };
};
const read = (body: v.InferOutput<ReturnType<typeof wire>>): DeviceMessage => (body instanceof Uint8Array ? { bytes: body } : defined({ content: body.content ?? '', name: body.name, messageId: body.id }));

/** The same in both directions. */
const carried = {
  qos: 1,
  envelope: message,
  wire,
  encode: write,
  decode: (f: { readonly slots: { readonly deviceId: string }; readonly part: Part; readonly body: v.InferOutput<ReturnType<typeof wire>> }) => ({ device: f.part.device ?? f.slots.deviceId, body: read(f.body) }),
} as const;

const section = once(() => absent(members({ properties: absent(jsonObject), event_time: absent(v.string()) })));

const writeSection = (values: ShadowService['reported'], at: number | undefined) =>
  values === undefined ? undefined : defined({ properties: values, event_time: at === undefined ? undefined : compactTime(at) });

/** Messages without a model, and the shadow (reference 3.1, 3.2, 3.9). */
export const messageRows = () => ({
  'message.up': row<'message.up'>()({
    direction: 'up',
    topic: '$oc/devices/{deviceId}/sys/messages/up',
    clause: 'huawei 3.1',
    glued: true,
    ...carried,
  }),

  'message.down': row<'message.down'>()({
    direction: 'down',
    topic: '$oc/devices/{deviceId}/sys/messages/down',
    clause: 'huawei 3.2',
    ...carried,
  }),

  'shadow.get': row<'shadow.get'>()({
    direction: 'up',
    topic: '$oc/devices/{deviceId}/sys/shadow/get/request_id={requestId}',
    clause: 'huawei 3.9',
    qos: 1,
    hold: 'live',
    // Where the vendor's Python SDK asks for a sub-device's shadow.
    openToGateways: true,
    ...question,
    encode: (m) => ({ slots: { deviceId: m.via, requestId: m.id ?? '' }, body: defined({ object_device_id: m.device === m.via ? undefined : m.device, service_id: m.body.service }) }),
  }),

  'shadow.state': row<'shadow.state'>()({
    direction: 'down',
    topic: '$oc/devices/{deviceId}/sys/shadow/get/response/request_id={requestId}',
    clause: 'huawei 3.9',
    qos: 1,
    wire: () => members({
      object_device_id: absent(v.string()),
      shadow: absent(v.array(members({ service_id: v.string(), desired: section(), reported: section(), version: absent(integer) }))),
    }),
    encode: (m) => ({
      slots: { deviceId: m.via, requestId: m.id ?? '' },
      body: {
        object_device_id: m.device,
        shadow: m.body.services.map((service) =>
          defined({
            service_id: service.service ?? '',
            desired: writeSection(service.desired, service.desiredAt),
            reported: writeSection(service.reported, service.reportedAt),
            version: service.version,
          }),
        ),
      },
    }),
    decode: (f) => ({
      device: f.body.object_device_id ?? f.slots.deviceId,
      id: f.slots.requestId,
      body: {
        code: 0,
        services: (f.body.shadow ?? []).map(({ service_id, desired, reported, version }) =>
          defined({
            service: service_id,
            desired: desired?.properties,
            desiredAt: readEventTime(desired?.event_time),
            reported: reported?.properties,
            reportedAt: readEventTime(reported?.event_time),
            version,
          }),
        ),
      },
    }),
  }),
}) as const;
