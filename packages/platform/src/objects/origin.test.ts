import { describe, expect, it } from 'vitest';
import { Origin } from './origin.ts';

const origin = (localAddress?: string, publicUrl?: string): Origin => {
  const made = new Origin({ localAddress: () => localAddress }, publicUrl);
  made.listensOn({ host: '10.0.0.1', port: 8080 });
  return made;
};

describe('the beginning of a URL', () => {
  it.each([
    ['192.168.1.5', 'http://192.168.1.5:8080'],
    ['::ffff:192.168.1.5', 'http://192.168.1.5:8080'],
    ['::1', 'http://[::1]:8080'],
    ['fe80::1%eth0', 'http://[fe80::1]:8080'],
    [undefined, 'http://10.0.0.1:8080'],
  ])('for a device that reached %s is %s', (address, url) => {
    expect(origin(address).forDevice('huawei', 'd')).toBe(url);
    expect(URL.canParse(url)).toBe(true);
  });

  it('is the public one for everybody, if there is one', () => {
    const made = origin('192.168.1.5', 'https://iot.example.com/lianyun/');
    expect([made.forDevice('tencent', 'd'), made.forHost('127.0.0.1:8080')]).toEqual(['https://iot.example.com/lianyun', 'https://iot.example.com/lianyun']);
    expect(origin().forHost('localhost:81')).toBe('http://localhost:81');
  });
});
