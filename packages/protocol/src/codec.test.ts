import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { Codec, codecOf } from './codec.ts';
import { ANY_TAG, row, type AnyDialect } from './dialect.ts';
import { json } from './envelope.ts';
import type { LianyunError } from './errors.ts';
import { huawei } from './huawei/index.ts';
import { isJsonObject } from './json.ts';
import { tencent } from './tencent/index.ts';

function decode(dialect: AnyDialect, direction: 'up' | 'down', topic: string, text: string) {
  const problems: LianyunError[] = [];
  const reads = new Codec(dialect).decode(direction, { topic, payload: text, via: 'via' }, (problem) => problems.push(problem));
  return { reads, problems };
}

const REPORT = '$oc/devices/d1/sys/properties/report';

describe('a codec', () => {
  it('writes topic, payload and quality of service of a row', () => {
    expect(codecOf(huawei).encode('property.set.result', { device: 'd1', via: 'd1', id: '42', body: { code: 0, text: 'success' } })).toEqual({
      topic: '$oc/devices/d1/sys/properties/set/response/request_id=42',
      payload: '{"result_code":0,"result_desc":"success"}',
      qos: 1,
    });
    expect(codecOf(tencent).encode('property.report.ack', { device: 'ABCDE12345/d', via: 'ABCDE12345/d', id: 't', body: { code: 0 } })).toEqual({
      topic: '$thing/down/property/ABCDE12345/d',
      payload: '{"method":"report_reply","clientToken":"t","code":0}',
      qos: 0,
    });
  });

  it('is made once for a dialect', () => {
    expect(codecOf(huawei)).toBe(codecOf(huawei));
  });

  it('refuses an operation that the cloud does not have', () => {
    expect(() => new Codec(tencent).encode('property.get', { device: 'ABCDE12345/d', via: 'ABCDE12345/d', body: {} })).toThrow(expect.objectContaining({ code: 'unsupported', message: 'property.get is not part of the tencent protocol.' }));
  });

  it.each([
    ['property.set.result without an id', 'property.set.result', { device: 'd', via: 'd', body: { code: 0 } }],
    ['a report whose group has no service', 'property.report', { device: 'd', via: 'd', body: { groups: [{ values: {} }] } }],
    ['a report from the year 10000', 'property.report', { device: 'd', via: 'd', body: { groups: [{ service: 's', values: {}, at: 253_402_300_800_000 }] } }],
    ['a report with a time that is no number', 'property.report', { device: 'd', via: 'd', body: { groups: [{ service: 's', values: {}, at: Number.NaN }] } }],
  ] as const)('refuses to write %s', (_, op, message) => {
    expect(() => new Codec(huawei).encode(op, message as never)).toThrow(expect.objectContaining({ code: 'bad-input' }));
  });

  it('tells no text of a success, which Huawei has no place for, and puts that of a failure into paras.error', () => {
    const result = (code: number): unknown => JSON.parse(String(new Codec(huawei).encode('command.result', { device: 'd', via: 'd', id: '1', body: { code, text: 't' } }).payload));
    expect(result(0)).toEqual({ result_code: 0 });
    expect(result(-1)).toEqual({ result_code: -1, paras: { error: 't' } });
  });

  it('writes the first of several tags unless the row says which, and reads them all', () => {
    const codec = new Codec(huawei);
    const topic = '$oc/devices/d/sys/events/up';
    const version = codec.encode('ota.version', { device: 'd', via: 'd', body: { firmware: '1' } }).payload;
    expect(version).toContain('"service_id":"$ota"');
    expect(decode(huawei, 'up', topic, String(version).replace('"$ota"', '"ota"')).reads).toMatchObject([{ op: 'ota.version', message: { body: { firmware: '1' } } }]);
    for (const direction of ['upload', 'download'] as const) {
      const { payload } = codec.encode('file.result', { device: 'd', via: 'd', body: { direction, object: 'o', code: 0 } });
      expect(payload).toContain(`"${direction}_result_report"`);
      expect(decode(huawei, 'up', topic, String(payload)).reads).toMatchObject([{ op: 'file.result', message: { body: { direction } } }]);
    }
  });

  it('reads with the row of any tag what no other row of its topic takes', () => {
    const text = (tag: string) => JSON.stringify({ tag });
    const envelope = json({ open: (document) => [{ tag: isJsonObject(document) && typeof document['tag'] === 'string' ? document['tag'] : '', id: 'i', body: {} }], seal: ({ tag, id }) => ({ tag, id }) });
    const base = { direction: 'up', topic: 't/{deviceId}', clause: 'test', envelope, qos: 1, wire: () => v.object({}) } as const;
    const rows = {
      'event.post': row<'event.post'>()({ ...base, tag: ANY_TAG, encode: (m) => ({ slots: { deviceId: m.device }, tag: 'chosen', qos: 0, id: undefined, body: {} }), decode: (f) => ({ device: f.slots.deviceId, id: undefined, body: { events: [] } }) }),
      'time.query': row<'time.query'>()({ ...base, tag: 'time', encode: (m) => ({ slots: { deviceId: m.device }, body: {} }), decode: (f) => ({ device: f.slots.deviceId, body: {} }) }),
    };
    const dialect: AnyDialect = { ...huawei, rows };
    expect(decode(dialect, 'up', 't/d', text('time')).reads).toEqual([{ op: 'time.query', message: { device: 'd', via: 'via', id: 'i', body: {} } }]);
    expect(decode(dialect, 'up', 't/d', text('other')).reads).toEqual([{ op: 'event.post', message: { device: 'd', via: 'via', body: { events: [] } } }]);
    const message = { device: 'd', via: 'd', id: 'x' };
    expect(new Codec(dialect).encode('time.query', { ...message, body: {} })).toEqual({ topic: 't/d', payload: '{"tag":"time","id":"x"}', qos: 1 });
    expect(new Codec(dialect).encode('event.post', { ...message, body: { events: [] } })).toEqual({ topic: 't/d', payload: '{"tag":"chosen"}', qos: 0 });
  });

  it('knows the topics of its rows and their slots', () => {
    const codec = new Codec(huawei);
    expect(codec.slotsOf('down', '$oc/devices/d1/sys/commands/request_id=7')).toEqual({ deviceId: 'd1', requestId: '7' });
    expect(codec.slotsOf('up', '$oc/devices/d1/sys/commands/request_id=7')).toBeUndefined();
  });

  it.each([
    ['an array', '[]', '$'],
    ['null', 'null', '$'],
    ['a number', '42', '$'],
    ['a missing member', '{}', '$.services'],
    ['an object for an array', '{"services":{}}', '$.services'],
    ['an array for an object within', '{"services":[[]]}', '$.services[0]'],
    ['a wrong type far inside', '{"services":[{"service_id":"a","properties":{}},{"service_id":"b","properties":[1]}]}', '$.services[1].properties'],
    ['a missing name', '{"services":[{"properties":{}}]}', '$.services[0].service_id'],
    ['no JSON', '{', '$'],
    ['nothing', '', '$'],
    ['bare NaN', '{"services":[{"service_id":"a","properties":{"nan":NaN}}]}', '$'],
  ])('names topic and path of %s', (_, text, path) => {
    const { reads, problems } = decode(huawei, 'up', REPORT, text);
    expect(reads).toEqual([]);
    expect(problems).toMatchObject([{ code: 'bad-frame', place: { topic: REPORT, path, device: 'via', excerpt: text } }]);
  });

  it.each(['[]', 'null', '7', '"x"'])('refuses %s where every member may be missing', (text) => {
    expect(decode(huawei, 'down', '$oc/devices/d1/sys/properties/get/request_id=1', text).problems).toMatchObject([{ code: 'bad-frame', place: { path: '$' } }]);
    expect(decode(huawei, 'up', '$oc/devices/d1/sys/properties/set/response/request_id=1', text).problems).toMatchObject([{ code: 'bad-frame', place: { path: '$' } }]);
  });

  it.each([
    ['no method', '{"clientToken":"t"}', 'bad-frame', '$.method'],
    ['a code, but neither method nor token, which could answer anything', '{"code":0,"clientToken":null,"status":"ok"}', 'bad-frame', '$.method'],
    ['a method that is no text', '{"method":1}', 'bad-frame', '$.method'],
    ['a token that is neither text nor number', '{"method":"report","clientToken":{}}', 'bad-frame', '$.clientToken'],
    ['no code', '{"method":"control_reply","clientToken":"t"}', 'bad-frame', '$.code'],
    ['half a code', '{"method":"control_reply","clientToken":"t","code":1.5}', 'bad-frame', '$.code'],
    ['an array', '[]', 'bad-frame', '$'],
    ['a method that no row has', '{"method":"toString"}', 'unknown-message', undefined],
    ['a method of the other direction', '{"method":"control"}', 'unknown-message', undefined],
  ])('names topic and path of a Tencent frame with %s', (_, text, code, path) => {
    const topic = '$thing/up/property/ABCDE12345/d';
    const { reads, problems } = decode(tencent, 'up', topic, text);
    expect(reads).toEqual([]);
    expect(problems).toMatchObject([{ code, place: { topic, device: 'via' } }]);
    expect(problems[0]?.place.path).toBe(path);
  });

  it('shows no more than 200 characters of a payload', () => {
    for (const text of ['x'.repeat(5000), JSON.stringify({ services: 'x'.repeat(5000) })]) expect(decode(huawei, 'up', REPORT, text).problems[0]?.place.excerpt).toHaveLength(200);
  });

  it('reads a frame behind a byte order mark', () => {
    expect(decode(huawei, 'up', REPORT, '\ufeff{"services":[]}').reads).toHaveLength(1);
  });

  it('takes values as they are: __proto__ is a name like any other', () => {
    const { reads } = decode(huawei, 'up', REPORT, '{"services":[{"service_id":"__proto__","properties":{"__proto__":{"polluted":true},"constructor":1}}],"__proto__":{"services":1}}');
    const [read] = reads;
    const values = read?.op === 'property.report' ? read.message.body.groups[0]?.values : undefined;
    expect(Object.keys(values ?? {})).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('reads the good parts of a document of which one is bad', () => {
    const each = row<'property.set.result'>()({
      direction: 'up',
      topic: 'results/{deviceId}',
      clause: 'test',
      envelope: json({ open: (document) => (isJsonObject(document) && Array.isArray(document['all']) ? document['all'].map((body: unknown) => ({ body })) : []), seal: (part) => ({ all: [part.body] }) }),
      qos: 1,
      wire: () => v.object({ code: v.number() }),
      encode: (m) => ({ slots: { deviceId: m.device }, body: { code: m.body.code } }),
      decode: (f) => ({ device: f.slots.deviceId, body: f.body }),
    });
    const dialect: AnyDialect = { ...huawei, rows: { 'property.set.result': each } };
    const { reads, problems } = decode(dialect, 'up', 'results/d1', '{"all":[{"code":1},{"code":"x"},{"code":3}]}');
    expect(reads.map(({ message }) => message.body)).toEqual([{ code: 1 }, { code: 3 }]);
    expect(problems).toMatchObject([{ code: 'bad-frame', place: { topic: 'results/d1', path: '$.code' } }]);
  });

  it('reports an envelope that throws something of its own', () => {
    const broken = row<'property.set.result'>()({
      direction: 'up',
      topic: 'results/{deviceId}',
      clause: 'test',
      envelope: {
        open: () => {
          throw new RangeError('oops');
        },
        seal: (part) => JSON.stringify(part.body),
      },
      qos: 1,
      wire: () => v.object({ code: v.number() }),
      encode: (m) => ({ slots: { deviceId: m.device }, body: { code: m.body.code } }),
      decode: (f) => ({ device: f.slots.deviceId, body: f.body }),
    });
    expect(decode({ ...huawei, rows: { 'property.set.result': broken } }, 'up', 'results/d1', '{}').problems).toMatchObject([{ code: 'bad-frame', place: { topic: 'results/d1', path: '$' }, cause: expect.any(RangeError) as unknown }]);
  });
});
