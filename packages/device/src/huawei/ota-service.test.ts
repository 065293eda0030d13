import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '@lianyun/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { FileServer, type Manners } from '../testing/file-server.ts';
import { ScriptedServer } from '../testing/scripted-server.ts';
import { HUAWEI_IDENTITY, listenTo, temporaryDirectory, until } from '../testing/support.ts';
import { IotDevice, type OTAPackageInfo } from './index.ts';

const open: AsyncDisposable[] = [];
const temporary = process.env['TMPDIR'];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
  if (temporary === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = temporary;
});

const CONTENT = randomBytes(300_000);

/** A program of the vendor's words that takes whole packages, and a cloud that offers one. */
async function scene(manners: Manners = {}) {
  const directory = await temporaryDirectory();
  process.env['TMPDIR'] = directory.path;
  const server = await ScriptedServer.listen(systemClock);
  const web = await FileServer.listen(() => ({ content: CONTENT, ...manners }));
  const device = new IotDevice({ connectAuthInfo: { id: HUAWEI_IDENTITY.deviceId, secret: HUAWEI_IDENTITY.secret, serverUri: '127.0.0.1', port: server.port } });
  open.push(directory, server, web, { [Symbol.asyncDispose]: () => device.destroy() });
  const packages: Buffer[] = [];
  const infos: OTAPackageInfo[] = [];
  device.getOtaService().setOtaListener({
    onQueryVersion: () => undefined,
    onReceivePackageInfo: (info) => void infos.push(info),
    onReceivePackage: (given) => void packages.push(given.package),
  });
  expect(await device.connect()).toBe(0);
  const offer = (more: object = {}, type = 'firmware_upgrade'): void =>
    server.last.send(`$oc/devices/${HUAWEI_IDENTITY.deviceId}/sys/events/down`, {
      object_device_id: HUAWEI_IDENTITY.deviceId,
      services: [{ service_id: '$ota', event_type: type, event_time: '20261121T000000Z', paras: { version: '2', url: web.url, file_size: CONTENT.length, access_token: 'a-token', expires: 60, sign: createHash('sha256').update(CONTENT).digest('hex'), ...more } }],
    });
  return { device, web, packages, infos, offer, log: listenTo(device.device), left: () => fs.readdir(path.join(directory.path)) };
}

describe('A listener that takes whole packages', () => {
  it('is handed the checked bytes, fetched with the token, and nothing stays on the disk', async () => {
    const { packages, offer, web, log, left } = await scene();
    offer();
    await until(() => packages.length === 1, 'the package');
    expect([packages[0]?.equals(CONTENT), web.asked[0]?.headers.authorization, log.problems]).toEqual([true, 'Bearer a-token', []]);
    offer({ sign: 'ab'.repeat(32) });
    await until(() => log.problems.length === 1, 'the problem');
    expect([packages.length, log.problems[0]?.message]).toEqual([1, expect.stringContaining('sha256')]);
    await expect.poll(left).toEqual([]);
  });

  it.each([
    ['firmware_upgrade', { access_token: null }, { formatVersion: 1, accessToken: undefined }],
    ['software_upgrade_v2', {}, { formatVersion: 2, accessToken: undefined }],
  ])('is told the form that %s has, whatever token comes with it, and gets the package without one', async (type, more, info) => {
    const { packages, infos, offer, web, log } = await scene();
    offer(more, type);
    await until(() => packages.length === 1, 'the package');
    expect(infos).toMatchObject([info]);
    expect([packages[0]?.equals(CONTENT), web.asked[0]?.headers.authorization, log.problems]).toEqual([true, undefined, []]);
  });

  it('hears nothing more when the device is destroyed in the middle of it, and nothing stays on the disk or on the network', async () => {
    const { device, packages, offer, web, left } = await scene({ stallAfter: 100_000 });
    offer();
    await until(() => web.asked.length === 1, 'the request');
    await device.destroy();
    await until(() => web.open === 0, 'the end of the connection');
    await expect.poll(left).toEqual([]);
    expect(packages).toEqual([]);
  });
});
