import { createHash } from 'node:crypto';
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { CloudTime } from './cloud-time.ts';
import { publishOverHttp } from './http/publish.ts';
import { registerDevice } from './registration/register.ts';
import { FileServer } from './testing/file-server.ts';
import { ScriptedServer } from './testing/scripted-server.ts';
import { huaweiDevice, listenTo, temporaryDirectory, until } from './testing/support.ts';
import { WebServer } from './testing/web-server.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

const HOUR_MS = 3_600_000;
const CONTENT = Buffer.from('an image');
const dateOf = (at: number): string => new Date(at).toUTCString();

describe('a sign-in that is refused', () => {
  /** Downloads an image from a server that says what time it is, and has the next sign-in refused. Gives how the device ended up. */
  async function refusedAfterDownload(headersAt: (now: number) => Record<string, string>, then: (clock: FakeClock) => void = () => undefined) {
    const clock = new FakeClock({ now: Date.UTC(2026, 10, 21) });
    const mqtt = await ScriptedServer.listen(clock, (index) => (index === 0 ? {} : { connack: 4 }));
    const files = await FileServer.listen(() => ({ content: CONTENT, headers: headersAt(clock.now()) }));
    const temporary = await temporaryDirectory();
    const device = huaweiDevice(mqtt);
    open.push(mqtt, files, temporary, { [Symbol.asyncDispose]: async () => void (await device.close()) });
    const log = listenTo(device);
    let isDone = false;
    device.ota.onOffer(async (upgrade) => {
      await upgrade.download({ directory: temporary.path }).done;
      isDone = true;
    });
    await device.connect();
    const paras = { version: '2.0', url: files.url, file_size: CONTENT.length, sign: createHash('sha256').update(CONTENT).digest('hex'), expires: 86_400 };
    mqtt.last.send('$oc/devices/prod1_dev1/sys/events/down', { object_device_id: 'prod1_dev1', services: [{ service_id: '$ota', event_type: 'firmware_upgrade_v2', event_time: '20261121T000000Z', paras }] });
    await until(() => isDone, 'the download');
    then(clock);
    mqtt.last.destroy();
    await until(() => log.offline.length > 0, 'the end of the connection');
    clock.advance(log.offline[0]?.nextAttemptMs ?? 0);
    await until(() => log.offline.length > 1 || log.closed.length > 0, 'the refusal');
    const { reason, error } = log.offline[1] ?? log.closed[0] ?? {};
    return { reason, code: error?.code, message: error?.message ?? '', at: device.state.at };
  }

  it("is explained by the machine's clock where a server of files said that it is wrong, and the device goes on trying", async () => {
    expect(await refusedAfterDownload((now) => ({ date: dateOf(now + 3 * HOUR_MS) }))).toMatchObject({ reason: 'clock-skew', code: 'clock-skew', at: 'waiting', message: expect.stringContaining("clock is 180 minutes behind the server's") });
    // What a cache gives was made a while ago.
    expect(await refusedAfterDownload((now) => ({ date: dateOf(now - 5 * HOUR_MS), age: String(3 * 3600) }))).toMatchObject({ reason: 'clock-skew', message: expect.stringContaining("clock is 120 minutes ahead of the server's") });
  });

  it('is a wrong secret where the clock is right, where nobody said what time it is, and where the clock was set since', async () => {
    for (const headers of [(now: number) => ({ date: dateOf(now - 50 * 60_000) }), (now: number) => ({ date: dateOf(now - 2 * HOUR_MS), age: '7200' }), () => ({ date: 'yesterday' })])
      expect(await refusedAfterDownload(headers)).toMatchObject({ reason: 'bad-credentials', code: 'bad-credentials' });
    expect(await refusedAfterDownload((now) => ({ date: dateOf(now + 3 * HOUR_MS) }), (clock) => clock.set(clock.now() + 3 * HOUR_MS))).toMatchObject({ reason: 'bad-credentials' });
  });
});

describe('a request that is refused', () => {
  const clock = new FakeClock({ now: Date.UTC(2026, 10, 21) });
  const device = { productId: 'ABCDE12345', deviceName: 'dev1', clock };

  /** A server that refuses everything, and says what time it is. */
  async function refusing(code: string, date: string): Promise<string> {
    const web = await WebServer.listen((_, response) => {
      response.setHeader('date', date);
      response.end(JSON.stringify({ Response: { Error: { Code: code, Message: 'no' }, RequestId: 'r' } }));
    });
    open.push(web);
    return `http://127.0.0.1:${web.port}`;
  }

  it("is explained by the machine's clock where the answer says that it is wrong: a registration, a message over HTTP", async () => {
    const url = await refusing('AuthFailure.SignatureExpire', dateOf(clock.now() - 2 * HOUR_MS));
    const wrong = { code: 'clock-skew', message: expect.stringMatching(/clock is 120 minutes ahead of the server's.*no \(AuthFailure\.SignatureExpire\)/), cause: { code: 'AuthFailure.SignatureExpire' } };
    await expect(registerDevice({ ...device, url, productSecret: 'ProductSecret0123456789' })).rejects.toMatchObject(wrong);
    await expect(publishOverHttp({ ...device, url, deviceSecret: 'c2VjcmV0', topic: 'ABCDE12345/dev1/data', payload: 'x' })).rejects.toMatchObject(wrong);
  });

  it.each([
    ['the clock is right enough', 'AuthFailure.SignatureFailure', 4 * 60_000],
    ['it is refused for something else', 'ResourceNotFound.DeviceNotExist', 2 * HOUR_MS],
  ])('is refused, and no more, where %s', async (_, code, aheadMs) => {
    const url = await refusing(code, dateOf(clock.now() + aheadMs));
    await expect(registerDevice({ ...device, url, productSecret: 'ProductSecret0123456789' })).rejects.toMatchObject({ code: 'refused', message: expect.not.stringContaining('clock') });
  });
});

it('a time that no header names changes nothing', () => {
  const time = new CloudTime(new FakeClock());
  for (const headers of [{}, { date: '' }, { age: '7' }, { date: 'now', age: '7' }]) time.learnFrom(headers);
  expect(time.aheadMs).toBe(0);
});
