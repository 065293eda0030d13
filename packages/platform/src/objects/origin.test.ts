import { describe, expect, it } from 'vitest';
import type { Proof } from '../access/proof.ts';
import { Origin } from './origin.ts';

const origin = (localAddress?: string, publicUrl?: string): Origin => {
  const made = new Origin({ localAddress: () => localAddress, client: () => undefined }, publicUrl);
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

  it.each<[Proof, number | undefined, string]>([
    [{ isSecure: true }, 8443, 'https://10.0.0.1:8443'],
    [{ isSecure: true }, undefined, 'http://10.0.0.1:8080'],
    [{ isSecure: false }, 8443, 'http://10.0.0.1:8080'],
    // It knows a key, and perhaps no certificate.
    [{ isSecure: true, keyIdentity: 'd' }, 8443, 'http://10.0.0.1:8080'],
  ])('for a device with %j, with HTTPS at %j, is %s', (proof, https, url) => {
    const client = { cloud: 'huawei', device: 'd', version: 4, clientId: 'd', peer: '10.0.0.2:1', since: 0, proof } as const;
    const made = new Origin({ localAddress: () => '10.0.0.1', client: () => client }, undefined);
    made.listensOn({ host: '0.0.0.0', port: 8080, https });
    expect(made.forDevice('huawei', 'd')).toBe(url);
  });

  it('does not name a port that goes without saying', () => {
    const made = new Origin({ localAddress: () => '10.0.0.1', client: () => undefined }, undefined);
    made.listensOn({ host: '0.0.0.0', port: 80 });
    expect(made.forDevice('huawei', 'd')).toBe('http://10.0.0.1');
  });

  it('is the public one for everybody, if there is one', () => {
    const made = origin('192.168.1.5', 'https://iot.example.com/lianyun/');
    expect([made.forDevice('tencent', 'd'), made.forHost('127.0.0.1:8080')]).toEqual(['https://iot.example.com/lianyun', 'https://iot.example.com/lianyun']);
    expect(origin().forHost('localhost:81')).toBe('http://localhost:81');
  });
});
