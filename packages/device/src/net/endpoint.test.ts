import { describe, expect, it } from 'vitest';
import { readEndpoints } from './endpoint.ts';

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
