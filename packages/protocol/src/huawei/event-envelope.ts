import * as v from 'valibot';
import type { Decoded } from '../dialect.ts';
import { json, type Part } from '../envelope.ts';
import { LianyunError } from '../errors.ts';
import { once } from '../once.ts';
import { absent, defined, members } from '../wire.ts';
import type { Message, Op } from '../vocabulary.ts';
import { compactTime, eventTime, readEventTime } from './event-time.ts';

const document = once(() => members({
  object_device_id: absent(v.string()),
  // What is in `paras` is the row's to check, and a time that nobody can read counts as none (reference 0).
  services: v.pipe(
    v.array(members({ service_id: v.string(), event_type: v.string(), event_time: v.optional(v.unknown()), event_id: absent(v.string()), paras: v.optional(v.unknown()) })),
    v.minLength(1, 'at least one is expected'),
  ),
}));

/** The tag of an event: its service and its type (reference 5.0). */
export const tagOf = (service: string, type: string): string => `${service.replace(/[%/]/g, (mark) => (mark === '%' ? '%25' : '%2F'))}/${type}`;

/** Service and type out of a tag. */
export function readTag(tag: string): { readonly service: string; readonly name: string } {
  const at = tag.indexOf('/');
  return { service: tag.slice(0, at).replace(/%2F|%25/g, (mark) => (mark === '%25' ? '%' : '/')), name: tag.slice(at + 1) };
}

/** The tags of an event of the platform's own services. Some of the vendor's SDKs leave the `$` out (reference 5.5). */
export const systemTags = (service: `$${string}`, ...types: readonly string[]): readonly string[] => types.flatMap((type) => [tagOf(service, type), tagOf(service.slice(1), type)]);

/** Many messages share the events topics, told apart by service and type; one frame may hold several (reference 5.0). */
const events = json({
  open(value) {
    const parsed = v.safeParse(document(), value);
    if (!parsed.success) {
      const [issue] = parsed.issues;
      const dotted = v.getDotPath(issue);
      const path = dotted === null ? '$' : `$.${dotted.replace(/\.(\d+)/g, '[$1]')}`;
      throw new LianyunError('bad-frame', `${path} is wrong: ${issue.message}.`, { path });
    }
    const { object_device_id: device, services } = parsed.output;
    return services.map((service, index): Part => ({
      ...defined({ id: service.event_id, device, time: typeof service.event_time === 'string' ? service.event_time : undefined }),
      tag: tagOf(service.service_id, service.event_type),
      path: `$.services[${index}].paras`,
      body: service.paras === undefined || service.paras === null || service.paras === '' ? {} : service.paras,
    }));
  },
  seal({ tag = '', device, time, id, body }) {
    const { service, name } = readTag(tag);
    return { ...defined({ object_device_id: device }), services: [{ service_id: service, event_type: name, ...defined({ event_time: time, event_id: id }), paras: body }] };
  },
});

export const eventUp = { direction: 'up', topic: '$oc/devices/{deviceId}/sys/events/up', qos: 1, envelope: events } as const;
export const eventDown = { direction: 'down', topic: '$oc/devices/{deviceId}/sys/events/down', qos: 1, envelope: events } as const;

/** The time of an event as each direction writes it: the platform to the second (reference 0). */
export const writeTime = (at: number, direction: 'up' | 'down'): string => (direction === 'up' ? eventTime(at) : compactTime(at));

/** What every event carries beside its body. No id: it is there only where it ties an answer to its request. */
export const sent = (m: Message, direction: 'up' | 'down') => ({
  slots: { deviceId: m.via },
  device: m.device,
  ...(m.at === undefined ? {} : { time: writeTime(m.at, direction) }),
  id: undefined,
});

/** What {@link sent} writes. */
export const received = (f: { readonly slots: { readonly deviceId: string }; readonly part: Part }): Omit<Decoded<Op>, 'body'> => ({
  device: f.part.device ?? f.slots.deviceId,
  id: undefined,
  at: readEventTime(f.part.time),
});
