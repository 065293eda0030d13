import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as asn1 from 'asn1js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import { hostsFor, openAuthority, type Authority } from './authority.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'lianyun-ca-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (hosts: readonly string[] = [], clock = systemClock): Authority => openAuthority({ directory, hosts, clock });

/** The extensions that whoever does not know them has to refuse the certificate for (RFC 5280, 4.2). */
function criticalIn(node: asn1.BaseBlock): string[] {
  if (!(node instanceof asn1.Constructed)) return [];
  const [id, isCritical] = node.valueBlock.value;
  if (id instanceof asn1.ObjectIdentifier && isCritical instanceof asn1.Boolean) return isCritical.valueBlock.value ? [id.valueBlock.toString()] : [];
  return node.valueBlock.value.flatMap(criticalIn);
}

describe('the authority', () => {
  it('is made once, with a key of mode 0600, and is the same at the next start', () => {
    const first = open();
    expect(first.file).toBe(path.join(directory, 'ca.pem'));
    expect(statSync(path.join(directory, 'ca.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(first.file, 'utf8')).toBe(first.pem);
    expect(open().pem).toBe(first.pem);
    const certificate = new X509Certificate(first.pem);
    expect(certificate.ca).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(readFileSync(path.join(directory, 'ca.key'))))).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(first.daysLeft).toBeGreaterThanOrEqual(3649);
  });

  it('signs for private names and addresses and for the hosts it was made for, and for nothing else', () => {
    const authority = open(['iot.example.com', '203.0.113.7', '2001:db8::7']);
    for (const host of ['localhost', 'pump.local', 'a.b.lan', '127.0.0.1', '::1', '10.9.8.7', '172.31.0.1', '192.168.0.1', 'fd12::1', 'iot.example.com', 'x.iot.example.com', '203.0.113.7', '2001:db8::7']) {
      expect([host, authority.covers(host)]).toEqual([host, true]);
    }
    for (const host of ['example.com', 'notlocal', 'bank.example', '203.0.113.8', '172.32.0.1', '2001:db8::8', '8.8.8.8']) {
      expect([host, authority.covers(host)]).toEqual([host, false]);
      expect(() => authority.forServer(['localhost', host])).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining(host) }));
    }
    // What the file says, not what was asked for now.
    expect(open(['other.example']).covers('other.example')).toBe(false);
  });

  it('demands nothing of who reads its certificates but what every implementation of TLS knows', () => {
    const authority = open();
    const [basicConstraints, keyUsage] = ['2.5.29.19', '2.5.29.15'];
    for (const pem of [authority.pem, authority.forServer(['localhost']).cert, authority.forDevice('LAMP000001lamp1').cert]) {
      const demanded = criticalIn(asn1.fromBER(new Uint8Array(new X509Certificate(pem).raw).buffer).result);
      expect(demanded.toSorted()).toEqual([keyUsage, basicConstraints]);
    }
    // The constraints themselves are there.
    expect(authority.covers('example.com')).toBe(false);
  });

  it("gives a server's certificate the names and addresses that it was asked for, with a key of its own", () => {
    const authority = open();
    const hosts = ['localhost', '127.0.0.1', '::1', 'pump.lan', 'fe80::1:2'];
    const { cert, key } = authority.forServer(hosts);
    const certificate = new X509Certificate(cert);
    for (const host of ['localhost', 'pump.lan']) expect(certificate.checkHost(host)).toBe(host);
    for (const address of ['127.0.0.1', '::1', 'fe80::1:2']) expect(certificate.checkIP(address)).toBe(address);
    expect(certificate.checkHost('other.lan')).toBeUndefined();
    expect(certificate.ca).toBe(false);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(authority.signed(certificate)).toBe(true);
    expect(authority.forServer(hosts).key).not.toBe(key);
  });

  it('knows its own signature from that of an authority with the same name', () => {
    const { cert } = open().forDevice('LAMP000001lamp1');
    rmSync(directory, { recursive: true });
    const other = open();
    expect(other.signed(new X509Certificate(cert))).toBe(false);
    expect(other.signed(new X509Certificate(other.forDevice('LAMP000001lamp1').cert))).toBe(true);
  });

  it('counts the days, and refuses once it has expired', () => {
    const clock = new FakeClock();
    expect(open([], clock).daysLeft).toBe(3650);
    clock.advance(3500 * 86_400_000);
    const late = open([], clock);
    expect(late.daysLeft).toBe(150);
    // Nothing is good for longer than who signed it.
    expect(Date.parse(new X509Certificate(late.forServer(['localhost']).cert).validTo)).toBe(late.expiresAt);
    clock.advance(151 * 86_400_000);
    expect(() => open([], clock)).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining('expired on') }));
  });

  it.each([
    ['a key that others may read', (): void => chmodSync(path.join(directory, 'ca.key'), 0o644), /open to other users/],
    ['a key that is gone', (): void => rmSync(path.join(directory, 'ca.key')), /its key .* is not/],
    ['a damaged key', (): void => writeFileSync(path.join(directory, 'ca.key'), '-----BEGIN PRIVATE KEY-----\nsecret\n'), /cannot be read/],
    ['a damaged certificate', (): void => writeFileSync(path.join(directory, 'ca.pem'), 'nothing'), /cannot be used/],
  ])('refuses %s in words', (_what, damage, words) => {
    open();
    damage();
    expect(() => open()).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringMatching(words) }));
    expect(() => open()).not.toThrow(/BEGIN PRIVATE KEY/);
  });

  it('makes the certificate anew when only the key got to the disk', () => {
    open();
    rmSync(path.join(directory, 'ca.pem'));
    const authority = open();
    expect(authority.signed(new X509Certificate(authority.forServer(['localhost']).cert))).toBe(true);
  });
});

describe('the hosts of a server', () => {
  it('are loopback and what --host says; for every address, all of this machine', () => {
    expect(hostsFor('127.0.0.1')).toEqual(['localhost', '127.0.0.1', '::1']);
    expect(hostsFor('Pump.Lan')).toEqual(['localhost', '127.0.0.1', '::1', 'pump.lan']);
    expect(hostsFor('0.0.0.0').length).toBeGreaterThanOrEqual(3);
    expect(hostsFor('fe80::1%eth0')).toEqual(['localhost', '127.0.0.1', '::1']);
  });
});
