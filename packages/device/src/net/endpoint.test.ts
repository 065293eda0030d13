import { describe, expect, it } from 'vitest';
import { readEndpoints, whereOf } from './endpoint.ts';

describe('A server that is missing', () => {
  // First in this file: no address was read before it.
  it('is refused, whether an address was read before or not', () => {
    const missing = undefined as unknown as string;
    expect(() => readEndpoints(missing)).toThrow(expect.objectContaining({ code: 'bad-config' }));
    expect(readEndpoints('mqtt://a.example')).toEqual([{ scheme: 'mqtt', host: 'a.example', port: 1883, path: '/mqtt' }]);
    expect(() => readEndpoints(missing)).toThrow(expect.objectContaining({ code: 'bad-config' }));
    expect(() => readEndpoints([])).toThrow(expect.objectContaining({ code: 'bad-config' }));
  });
});

describe('An address', () => {
  it('is read once for those who give it again, and anew for others', () => {
    const first = readEndpoints('mqtt://a.example:1');
    expect(readEndpoints('mqtt://a.example:1')).toBe(first);
    expect(readEndpoints('mqtt://b.example:1')).toEqual([{ scheme: 'mqtt', host: 'b.example', port: 1, path: '/mqtt' }]);
    expect(readEndpoints(['mqtt://a.example:1', 'ws://a.example'])).toHaveLength(2);
    expect(readEndpoints('mqtt://a.example:1')).toEqual(first);
  });
});

describe('The host of a server', () => {
  it.each([
    ['mqtts://例え.jp', 'xn--r8jz45g.jp:8883'],
    ['wss://Bücher.example/mqtt', 'xn--bcher-kva.example:443'],
    ['mqtt://IoT.Example.COM', 'iot.example.com:1883'],
    ['mqtt://[2001:DB8::0:1]:99', '[2001:db8::1]:99'],
    ['mqtt://127.1', '127.0.0.1:1883'],
    ['mqtt://under_score', 'under_score:1883'],
  ])('is what is looked up and what certificates name: %s', (server, where) => expect(whereOf(readEndpoints(server)[0])).toBe(where));

  it.each(['mqtt://256.1.1.1', 'ws://1.2.3.4.5', 'mqtts://a%00b', 'mqtt://a%2fb'])('is refused when it can be none: %s', (server) => {
    expect(() => readEndpoints(server)).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining('names no host') }));
  });
});
