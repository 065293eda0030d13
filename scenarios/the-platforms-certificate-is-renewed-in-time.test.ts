import type { X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import { expect, it } from 'vitest';
import { FakeClock } from '@lianyun/protocol/testing';
import { Rig } from './support/rig.ts';

const DAY_MS = 86_400_000;

/** The certificate that a port shows. */
async function shownAt(port: number): Promise<X509Certificate> {
  // Whether it is good by its dates is what the test is about, and its clock is not this machine's.
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  if (certificate === undefined) throw new Error('no certificate');
  return certificate;
}

function pass(clock: FakeClock, days: number): void {
  for (let day = 0; day < days; day++) clock.advance(DAY_MS);
}

it("The platform's certificate is replaced a month before it expires, on every port, and devices need no other authority", async () => {
  const clock = new FakeClock();
  await using rig = await Rig.open({ over: 'mqtts', clock });
  const { mqtts = 0, https = 0 } = rig.ports;
  const first = await shownAt(mqtts);
  expect((await shownAt(https)).fingerprint256).toBe(first.fingerprint256);
  pass(clock, 366);
  expect((await shownAt(mqtts)).fingerprint256).toBe(first.fingerprint256);
  pass(clock, 2);
  for (const port of [mqtts, https]) {
    const second = await shownAt(port);
    expect(second.fingerprint256).not.toBe(first.fingerprint256);
    expect(Date.parse(second.validTo)).toBeGreaterThan(clock.now() + 396 * DAY_MS);
    expect(rig.authority.signed(second)).toBe(true);
  }
  expect(rig.notices.all).toEqual([]);
});

it('The end of the authority is told every day of its last 180', async () => {
  const clock = new FakeClock();
  await using rig = await Rig.open({ over: 'mqtts', clock });
  pass(clock, 3650 - 181);
  expect(rig.notices.all).toEqual([]);
  pass(clock, 2);
  expect(rig.notices.all.map(({ kind, text }) => [kind, /in (\d+) days/.exec(text)?.[1]])).toEqual([['certificate', '180'], ['certificate', '179']]);
  expect(rig.notices.all[0]?.text).toContain(rig.authority.file);
});
