import { describe, expect, it } from 'vitest';
import { codecOf } from '../codec.ts';
import type { LianyunError } from '../errors.ts';
import { huawei } from './index.ts';
import { readTag, systemTags, tagOf } from './event-envelope.ts';

const UP = '$oc/devices/d1/sys/events/up';
const DOWN = '$oc/devices/d1/sys/events/down';

function decode(topic: string, document: unknown) {
  const problems: LianyunError[] = [];
  const reads = codecOf(huawei).decode(topic === UP ? 'up' : 'down', { topic, payload: JSON.stringify(document), via: 'd1' }, (problem) => problems.push(problem));
  return { reads, problems };
}

const write = (...[op, message]: Parameters<ReturnType<typeof codecOf>['encode']>): unknown => JSON.parse(String(codecOf(huawei).encode(op, message).payload));

describe('the tag of an event', () => {
  it.each([
    ['$ota', 'version_query'],
    ['', ''],
    ['a/b', 'c/d'],
    ['a%2Fb', '%25'],
    ['%', '/'],
  ])('holds service %j and type %j', (service, name) => {
    expect(readTag(tagOf(service, name))).toEqual({ service, name });
  });

  it('differs when service or type differ', () => {
    expect(tagOf('a/b', 'c')).not.toBe(tagOf('a', 'b/c'));
    expect(tagOf('a%2Fb', 'c')).not.toBe(tagOf('a/b', 'c'));
  });

  it('of a service of the platform goes with and without the $', () => {
    expect(systemTags('$ota', 'a', 'b')).toEqual(['$ota/a', 'ota/a', '$ota/b', 'ota/b']);
  });
});

describe('a frame on the events topics', () => {
  const query = { service_id: '$ota', event_type: 'version_query', paras: {} };
  const offer = { service_id: '$ota', event_type: 'firmware_upgrade', paras: { version: '2' } };
  const own = { service_id: 'lamp', event_type: 'broken', event_id: 'e', paras: { n: 1 } };

  it('holds several messages, each read by itself', () => {
    const { reads, problems } = decode(DOWN, { object_device_id: 'd2', services: [query, own] });
    expect(problems).toEqual([]);
    expect(reads).toEqual([
      { op: 'ota.query', message: { device: 'd2', via: 'd1', body: {} } },
      { op: 'event.notify', message: { device: 'd2', via: 'd1', body: { events: [{ service: 'lamp', name: 'broken', id: 'e', params: { n: 1 } }] } } },
    ]);
  });

  it('keeps its good messages when one is bad, and says where that is in the document', () => {
    const { reads, problems } = decode(DOWN, { services: [query, offer, own] });
    expect(reads.map(({ op }) => op)).toEqual(['ota.query', 'event.notify']);
    expect(problems).toMatchObject([{ code: 'bad-frame', place: { topic: DOWN, path: '$.services[1].paras.url' } }]);
  });

  it.each([
    ['no object', [], '$'],
    ['no services', {}, '$.services'],
    ['an empty list', { services: [] }, '$.services'],
    ['a service without a name', { services: [{ event_type: 't', paras: {} }] }, '$.services[0].service_id'],
    ['an event without a type', { services: [own, { service_id: 's', event_type: 1 }] }, '$.services[1].event_type'],
    ['a device that is no text', { object_device_id: 1, services: [own] }, '$.object_device_id'],
    ['parameters that are no object', { services: [{ ...own, paras: [] }] }, '$.services[0].paras'],
  ])('with %s is bad at its path', (_, document, path) => {
    const { reads, problems } = decode(UP, document);
    expect(reads).toEqual([]);
    expect(problems).toMatchObject([{ code: 'bad-frame', place: { topic: UP, path } }]);
  });

  it('is an event of the product when no row has its service and type, also on a topic with rows for the service', () => {
    for (const [service_id, event_type] of [['$ota', 'whatever'], ['$device_rule', 'whatever'], ['ota', 'x'], ['*', '*'], ['', '']])
      expect(decode(DOWN, { services: [{ service_id, event_type, paras: {} }] }).reads).toMatchObject([{ op: 'event.notify', message: { body: { events: [{ service: service_id, name: event_type }] } } }]);
  });

  it('tells of the other direction as an event of the product as well', () => {
    expect(decode(UP, { services: [query] }).reads).toMatchObject([{ op: 'event.post' }]);
  });
});

describe('an event', () => {
  const message = { device: 'd1', via: 'd1', id: 'i1', at: Date.parse('2025-04-14T01:30:00.123Z') };

  it('has its time to the millisecond on the way up and to the second on the way down', () => {
    expect(write('ota.version', { ...message, body: { firmware: '1' } })).toEqual({ object_device_id: 'd1', services: [{ service_id: '$ota', event_type: 'version_report', event_time: '2025-04-14T01:30:00.123Z', paras: { fw_version: '1' } }] });
    expect(write('ota.query', { ...message, body: {} })).toEqual({ object_device_id: 'd1', services: [{ service_id: '$ota', event_type: 'version_query', event_time: '20250414T013000Z', paras: {} }] });
    const events = [{ service: 's', name: 'n', params: {}, at: message.at }];
    expect(write('event.post', { device: 'd1', via: 'd1', body: { events } })).toMatchObject({ services: [{ event_time: '2025-04-14T01:30:00.123Z' }] });
    expect(write('event.notify', { device: 'd1', via: 'd1', body: { events } })).toMatchObject({ services: [{ event_time: '20250414T013000Z' }] });
  });

  it('takes the time of its message when it has none, and has neither without', () => {
    const events = [{ service: 's', name: 'n', params: {} }];
    expect(write('event.post', { ...message, body: { events } })).toMatchObject({ services: [{ event_time: '2025-04-14T01:30:00.123Z' }] });
    expect(write('event.post', { device: 'd1', via: 'd1', body: { events } })).toEqual({ object_device_id: 'd1', services: [{ service_id: 's', event_type: 'n', paras: {} }] });
  });

  it('carries its own id and not that of the message, which only ties an answer to its request', () => {
    expect(write('event.post', { ...message, body: { events: [{ service: 's', name: 'n', id: 'e1', params: {} }] } })).toMatchObject({ services: [{ event_id: 'e1' }] });
    expect(write('child.remove', { ...message, body: { children: [] } })).toMatchObject({ services: [{ event_id: 'i1' }] });
    expect(JSON.stringify(write('event.post', { ...message, body: { events: [{ service: 's', name: 'n', params: {} }] } }))).not.toContain('event_id');
    expect(JSON.stringify(write('time.query', { ...message, body: { sentAt: 1 } }))).not.toContain('event_id');
  });

  it('is read with an id only where that ties an answer to its request', () => {
    const frame = (service_id: string, event_type: string, paras: object) => decode(DOWN, { services: [{ service_id, event_type, event_id: 'e', paras }] }).reads[0]?.message;
    expect(frame('$ota', 'version_query', {})).not.toHaveProperty('id');
    expect(frame('lamp', 'broken', {})).not.toHaveProperty('id');
    expect(frame('$sub_device_manager', 'add_sub_device_response', {})).toHaveProperty('id', 'e');
  });

  it.each([
    ['two events', { events: [{ service: 's', name: 'a', params: {} }, { service: 's', name: 'b', params: {} }] }],
    ['no event', { events: [] }],
    ['an event without a service', { events: [{ name: 'a', params: {} }] }],
  ])('is refused as %s', (_, body) => {
    expect(() => write('event.post', { ...message, body })).toThrow(expect.objectContaining({ code: 'bad-input' }));
    expect(() => write('event.notify', { ...message, body })).toThrow(expect.objectContaining({ code: 'bad-input' }));
  });
});

describe('what Huawei cannot say about upgrades and sub-devices', () => {
  const on = { device: 'd1', via: 'd1', id: 'i' };

  it.each([
    ['a package with an MD5 digest', 'ota.offer', { kind: 'firmware', version: '2', url: 'u', digest: { algorithm: 'md5', hex: '00' } }],
    ['a sub-device by its signature', 'child.add', { children: [{ device: 'd', signature: 's', random: 1, at: 1, method: 'hmacsha1', proof: 'psk' }] }],
    ['an added sub-device without its device', 'child.add.result', { children: [{ node: 'n', code: 0 }] }],
    ['a removed sub-device without its device', 'child.remove.result', { children: [{ code: 0 }] }],
  ] as const)('is refused: %s', (_, op, body) => {
    expect(() => write(op, { ...on, body })).toThrow(expect.objectContaining({ code: 'bad-input' }));
  });

  it('reads only the two states of a sub-device from a gateway, and leaves another unsaid in an answer', () => {
    const status = (event_type: string, paras: object, topic: string) => decode(topic, { services: [{ service_id: '$sub_device_manager', event_type, event_id: 'e', paras }] });
    expect(status('sub_device_update_status', { device_statuses: [{ device_id: 'd', status: 'AWAY' }] }, UP).problems).toMatchObject([{ code: 'bad-frame', place: { path: '$.services[0].paras.device_statuses[0].status' } }]);
    expect(status('sub_device_update_status_response', { successful_devices: [{ device_id: 'd', status: 'toString' }] }, DOWN).reads[0]?.message.body).toEqual({ children: [{ device: 'd', code: 0 }] });
  });
});
