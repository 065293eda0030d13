import { describe, expect, it } from 'vitest';
import { codecOf } from '../codec.ts';
import type { LianyunError } from '../errors.ts';
import type { Message, Op } from '../vocabulary.ts';
import { tencent } from './index.ts';

const OWN = 'ABCDE12345/d1';
const codec = codecOf(tencent);

function decode(direction: 'up' | 'down', topic: string, payload: string) {
  const problems: LianyunError[] = [];
  const reads = codec.decode(direction, { topic: `${topic}/${OWN}`, payload, via: OWN }, (problem) => problems.push(problem));
  return { reads, problems };
}

const write = <K extends Op>(op: K, body: Message<K>['body'], id?: string): unknown => JSON.parse(String(codec.encode(op, { device: OWN, via: OWN, body, ...(id === undefined ? {} : { id }) }).payload));

describe('a message that is told by its type', () => {
  it.each([
    ['no JSON', 'x', 'bad-frame', '$'],
    ['an array', '[]', 'bad-frame', '$'],
    ['null', 'null', 'bad-frame', '$'],
    ['no type', '{"payload":{}}', 'bad-frame', '$.type'],
    ['an empty type', '{"type":""}', 'bad-frame', '$.type'],
    ['a type that is no text', '{"type":["online"]}', 'bad-frame', '$.type'],
    ['a type that no row has', '{"type":"toString"}', 'unknown-message', undefined],
    ['the type that stands for any', '{"type":"*"}', 'unknown-message', undefined],
    ['no payload', '{"type":"online"}', 'bad-frame', '$.payload'],
    ['a result that is no number', '{"type":"online","payload":{"devices":[{"product_id":"P","device_name":"d","result":"ok"}]}}', 'bad-frame', '$.payload.devices[0].result'],
    ['a device that cannot be in a topic', '{"type":"online","payload":{"devices":[{"product_id":"P/x","device_name":"d","result":0}]}}', 'bad-frame', '$.payload.devices[0].product_id'],
    ['a change that is neither', '{"type":"change","payload":{"status":2,"devices":[]}}', 'bad-frame', '$.payload.status'],
  ])('is bad with %s', (_, payload, code, path) => {
    const { reads, problems } = decode('down', '$gateway/operation/result', payload);
    expect(reads).toEqual([]);
    expect(problems).toMatchObject([{ code }]);
    expect(problems[0]?.place.path).toBe(path);
  });

  it('is one row with two types where the type is the status', () => {
    for (const online of [true, false]) {
      const children = [{ device: 'SUBPROD001/s', online }];
      expect(write('child.status', { children }, 'id')).toEqual({ type: online ? 'online' : 'offline', payload: { devices: [{ product_id: 'SUBPROD001', device_name: 's' }] } });
      expect(decode('up', '$gateway/operation', JSON.stringify(write('child.status', { children }))).reads).toMatchObject([{ op: 'child.status', message: { body: { children } } }]);
    }
  });

  it('carries no id', () => {
    for (const document of [write('time.query', {}, 'id'), write('ota.version', { firmware: '1' }, 'id'), write('child.list', {}, 'id')]) expect(JSON.stringify(document)).not.toContain('id"');
    expect(decode('up', '$sys/operation', '{"type":"get","clientToken":"t"}').reads[0]?.message).not.toHaveProperty('id');
  });

  it('carries a token where it asks for the log level', () => {
    expect(write('log.query', {}, 't')).toEqual({ type: 'get_log_level', clientToken: 't' });
    expect(decode('down', '$log/operation/result', '{"log_level":2,"clientToken":7}').reads).toEqual([{ op: 'log.config', message: { device: OWN, via: OWN, id: '7', body: { on: true, level: 2 } } }]);
    expect(write('log.config', { on: true })).toEqual({ log_level: 3 });
    expect(write('log.config', { on: false })).toEqual({ log_level: 0 });
  });
});

describe('a message that is told by its method', () => {
  it('may be a reply without one on the way up only', () => {
    const text = '{"clientToken":"t","code":0}';
    expect(decode('up', '$thing/up/property', text).reads).toMatchObject([{ op: 'property.set.result' }]);
    expect(decode('down', '$thing/down/property', text).problems).toMatchObject([{ code: 'bad-frame', place: { path: '$.method' } }]);
    expect(decode('up', '$thing/up/action', text).problems).toMatchObject([{ code: 'bad-frame', place: { path: '$.method' } }]);
  });

  it('says where one of several events is wrong', () => {
    const event = { eventId: 'a', type: 'info', params: {} };
    const at = (document: object): unknown => decode('up', '$thing/up/event', JSON.stringify({ clientToken: 't', ...document })).problems[0]?.place.path;
    expect(at({ method: 'events_post', events: [event, { ...event, type: 'fatal' }] })).toBe('$.events[1].type');
    expect(at({ method: 'event_post', ...event, eventId: 1 })).toBe('$.eventId');
    expect(at({ method: 'event_post', events: {} })).toBe('$.events');
  });

  it('has a name for a list of events and one for a single event, which a list of one goes by as well', () => {
    const event = { name: 'a', severity: 'info', params: {} } as const;
    expect(write('event.post', { events: [event] })).toEqual({ method: 'event_post', eventId: 'a', type: 'info', params: {} });
    expect(write('event.post', { events: [event], list: true })).toEqual({ method: 'event_post', events: [{ eventId: 'a', type: 'info', params: {} }] });
    expect(write('event.post', { events: [event, event] })).toMatchObject({ method: 'events_post', events: [{}, {}] });
    expect(write('event.post.ack', { code: 0, list: true })).toEqual({ method: 'events_reply', code: 0, data: {} });
    expect(write('event.post.ack', { code: 0 })).toEqual({ method: 'event_reply', code: 0, data: {} });
  });

  it('may tell of no event, which is not written', () => {
    expect(decode('up', '$thing/up/event', '{"method":"event_post","clientToken":"t","events":[]}').reads).toMatchObject([{ op: 'event.post', message: { body: { events: [] } } }]);
  });
});

describe('a raw message', () => {
  it('is any bytes, kept apart from those of the connection', () => {
    const payload = Uint8Array.of(0, 255);
    const [read] = codec.decode('down', { topic: `$thing/down/raw/${OWN}`, payload, via: OWN }, (problem) => {
      throw problem;
    });
    payload.fill(7);
    expect(read).toEqual({ op: 'message.down', message: { device: OWN, via: OWN, body: { bytes: Uint8Array.of(0, 255) } } });
    expect(codec.encode('message.up', { device: OWN, via: OWN, id: 'id', body: { bytes: payload } }).payload).toEqual(payload);
  });
});

describe('the progress of an upgrade', () => {
  it.each([
    ['downloading', 0],
    ['burning', 1],
    ['done', 1],
    ['fail', 1],
  ] as const)('that is %s goes out at QoS %d: a step may get lost, the outcome may not', (state, qos) => {
    expect(codec.encode('ota.progress', { device: OWN, via: OWN, body: { state, code: 0, version: '2' } }).qos).toBe(qos);
  });

  it('is told by its code when it has no state', () => {
    expect(write('ota.progress', { code: 0, percent: 5, version: '2' })).toEqual({ type: 'report_progress', report: { progress: { state: 'downloading', percent: '5', result_code: '0', result_msg: '' }, version: '2' } });
    expect(write('ota.progress', { code: -4, version: '2', text: 'md5' })).toEqual({ type: 'report_progress', report: { progress: { state: 'fail', result_code: '-4', result_msg: 'md5' }, version: '2' } });
  });
});

describe('what Tencent cannot say', () => {
  const event = { name: 'a', params: {} };
  const child = { device: 'SUBPROD001/s' };

  it.each([
    ['an event without a severity', 'event.post', { events: [event] }],
    ['no event', 'event.post', { events: [], list: true }],
    ['a message that is not bytes', 'message.up', { content: 'x' }],
    ['a message down that is not bytes', 'message.down', { content: 'x' }],
    ['a version of software', 'ota.version', { software: '1' }],
    ['an empty version', 'ota.version', { firmware: '' }],
    ['a package of software', 'ota.offer', { kind: 'software', version: '2', url: 'u', bytes: 1, digest: { algorithm: 'md5', hex: '00' } }],
    ['a package with a SHA-256 digest', 'ota.offer', { kind: 'firmware', version: '2', url: 'u', bytes: 1, digest: { algorithm: 'sha256', hex: '00' } }],
    ['a package without a size', 'ota.offer', { kind: 'firmware', version: '2', url: 'u', digest: { algorithm: 'md5', hex: '00' } }],
    ['a sub-device by product and node', 'child.add', { children: [{ product: 'p', node: 'n' }] }],
    ['a result without a device', 'child.add.result', { children: [{ node: 'n', code: 0 }] }],
    ['sub-devices that come and go', 'child.status', { children: [{ ...child, online: true }, { ...child, online: false }] }],
    ['the status of nobody', 'child.status', { children: [] }],
    ['a result that says neither', 'child.status.result', { children: [{ ...child, code: 0 }] }],
    ['a sub-device that is no pair', 'child.remove', { children: ['s'] }],
  ] as const)('is refused: %s', (_, op, body) => {
    expect(() => write(op, body as never)).toThrow(expect.objectContaining({ code: 'bad-input' }));
  });
});
