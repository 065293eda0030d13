import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecOf } from '../codec.ts';
import type { Payload } from '../envelope.ts';
import { huawei } from './index.ts';

const TOPIC = '$oc/devices/gw/sys/messages/down';
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const codec = codecOf(huawei);

const read = (payload: Payload) => {
  const reads = codec.decode('down', { topic: TOPIC, payload, via: 'gw' }, (problem) => {
    throw problem;
  });
  const [only] = reads;
  if (reads.length !== 1 || only?.op !== 'message.down') throw new Error('a message is expected');
  return only.message;
};
const write = (device: string, body: { content: string } | { bytes: Uint8Array }) => codec.encode('message.up', { device, via: 'gw', body }).payload;

describe('a message of Huawei', () => {
  it.each([
    ['{"content":"hi"}', { content: 'hi' }],
    [' \n{"name":"n","id":"i","content":"hi"}', { content: 'hi', name: 'n', messageId: 'i' }],
    ['{"name":"","id":null,"object_device_id":""}', { content: '' }],
    ['{}', { content: '' }],
    ['{"content":[1,{"a":null}]}', { content: [1, { a: null }] }],
    ['{"content":0}', { content: 0 }],
    ['\ufeff{"content":"hi"}', { content: 'hi' }],
  ])('%s is in the system format', (text, body) => {
    for (const payload of [text, utf8(text), Buffer.from(text)]) expect(read(payload)).toEqual({ device: 'gw', via: 'gw', body });
  });

  it.each(['', 'hi', '42', 'null', 'true', '"hi"', '[]', '[{"content":"x"}]', '{', '{"content":"x"', '{"content":"x","foo":1}', '{"Content":"x"}', '{"name":1}', '{"id":{}}', '{"object_device_id":7,"content":"x"}', '{"__proto__":1}', '{"content":NaN}', '{"content":"x"} x'])(
    '%s is bytes',
    (text) => {
      for (const payload of [text, utf8(text), Buffer.from(text)]) expect(read(payload)).toEqual({ device: 'gw', via: 'gw', body: { bytes: utf8(text) } });
    },
  );

  it('is bytes when it is no UTF-8, though it would read like the system format', () => {
    const payload = Uint8Array.from([...utf8('{"content":"'), 0xff, ...utf8('"}')]);
    expect(read(payload).body).toEqual({ bytes: payload });
  });

  it('is never a bad frame', () => {
    fc.assert(fc.property(fc.uint8Array(), (payload) => void read(payload)));
    fc.assert(fc.property(fc.json(), (text) => void read(text)));
    fc.assert(fc.property(fc.dictionary(fc.constantFrom('object_device_id', 'name', 'id', 'content'), fc.jsonValue()), (document) => void read(JSON.stringify(document))));
  });

  it('keeps bytes of its own: those of a frame belong to the connection', () => {
    const payload = utf8('raw');
    const { body } = read(payload);
    payload.fill(0);
    expect(body).toEqual({ bytes: utf8('raw') });
  });

  it('names its device only where that is not the connected one', () => {
    expect(write('gw', { content: 'x' })).toBe('{"content":"x"}');
    expect(write('child', { content: 'x' })).toBe('{"object_device_id":"child","content":"x"}');
    expect(read('{"object_device_id":"child","content":"x"}').device).toBe('child');
    expect(read('{"object_device_id":"","content":"x"}').device).toBe('gw');
  });

  it('is written as the bytes that it is, but not for a sub-device, which bytes cannot name', () => {
    expect(write('gw', { bytes: utf8('raw') })).toEqual(utf8('raw'));
    expect(() => write('child', { bytes: utf8('raw') })).toThrow(expect.objectContaining({ code: 'bad-input', place: { device: 'child' } }));
  });
});

describe('a shadow query of Huawei', () => {
  const ask = (device: string): unknown => JSON.parse(String(codec.encode('shadow.get', { device, via: 'gw', id: '1', body: {} }).payload));

  it('names its device only where that is not the connected one', () => {
    expect(ask('gw')).toEqual({});
    expect(ask('child')).toEqual({ object_device_id: 'child' });
  });

  it('is for the device in its topic, where the vendor\'s Python SDK puts a sub-device', () => {
    const [read] = codec.decode('up', { topic: '$oc/devices/child/sys/shadow/get/request_id=1', payload: '{}', via: 'gw' }, (problem) => {
      throw problem;
    });
    expect(read).toEqual({ op: 'shadow.get', message: { device: 'child', via: 'gw', id: '1', body: {} } });
  });
});
