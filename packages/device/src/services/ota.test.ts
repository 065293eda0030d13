import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import type { Download, Upgrade } from '../index.ts';
import { FileServer, type Manners } from '../testing/file-server.ts';
import { ScriptedServer, type Received, type ServerConnection } from '../testing/scripted-server.ts';
import { huaweiDevice, listenTo, outcomeOf, temporaryDirectory, tencentDevice, turns, until } from '../testing/support.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

const CONTENT = randomBytes(3_000_000);
const hash = (algorithm: 'sha256' | 'md5') => createHash(algorithm).update(CONTENT).digest('hex');
const HUAWEI_DOWN = '$oc/devices/prod1_dev1/sys/events/down';
const TENCENT_DOWN = '$ota/update/ABCDE12345/dev1';

async function files(manners: Manners | ((index: number) => Manners) = {}) {
  const temporary = await temporaryDirectory();
  const server = await FileServer.listen(({ index }) => ({ content: CONTENT, ...(typeof manners === 'function' ? manners(index) : manners) }));
  open.push(temporary, server);
  return { directory: temporary.path, server };
}

/** The OTA messages that came in, as their bodies. */
function told(server: ScriptedServer): unknown[] {
  return server.published.flatMap(({ topic, text }) => {
    if (topic.startsWith('$ota/report/')) return [(JSON.parse(text) as { type: string; report: unknown }).report];
    if (!topic.endsWith('/events/up')) return [];
    return (JSON.parse(text) as { services: { service_id: string; paras: unknown }[] }).services.flatMap(({ service_id, paras }) => (service_id === '$ota' ? [paras] : []));
  });
}

async function onHuawei() {
  const clock = new FakeClock();
  const server = await ScriptedServer.listen(clock);
  const device = huaweiDevice(server);
  open.push(server, { [Symbol.asyncDispose]: async () => void (await device.close()) });
  const log = listenTo(device);
  const send = (type: string, paras: object): void => server.last.send(HUAWEI_DOWN, { object_device_id: 'prod1_dev1', services: [{ service_id: '$ota', event_type: type, event_time: '20261121T000000Z', paras }] });
  return { clock, server, device, log, send };
}

async function onTencent(resultCode = 0, onReport: (version: string, connection: ServerConnection) => void = () => undefined) {
  const clock = new FakeClock();
  const answer = ({ text }: Received, connection: ServerConnection): void => {
    const body = JSON.parse(text) as { type: string; report: { version: string } };
    if (body.type !== 'report_version') return;
    connection.send(TENCENT_DOWN, { type: 'report_version_rsp', result_code: resultCode, result_msg: 'said so', version: body.report.version });
    onReport(body.report.version, connection);
  };
  const server = await ScriptedServer.listen(clock, { onPublish: (message, connection) => (message.topic.startsWith('$ota/') ? answer(message, connection) : undefined) });
  const device = tencentDevice(server);
  open.push(server, { [Symbol.asyncDispose]: async () => void (await device.close()) });
  const log = listenTo(device);
  return { clock, server, device, log };
}

const update = (url: string, more: object = {}) => ({ type: 'update_firmware', file_size: CONTENT.length, md5sum: hash('md5'), url, version: '2.0', ...more });

describe('versions', () => {
  it('are told when they are reported, at every reconnect and when the cloud asks (Huawei)', async () => {
    const { device, server, send, clock, log } = await onHuawei();
    const receipt = device.ota.report({ firmware: '1.0', software: 'a' });
    await device.connect();
    await receipt.delivered;
    send('version_query', { task_id: 't' });
    await until(() => told(server).length === 2, 'the answer');
    await device.ota.report({ software: 'b' }).delivered;
    server.last.reset();
    await until(() => !device.isOnline, 'the cut');
    clock.advance(log.offline[0]?.nextAttemptMs ?? 0);
    await device.connect();
    await until(() => told(server).length === 4, 'the repetition');
    await turns(50);
    expect(told(server)).toEqual([{ fw_version: '1.0', sw_version: 'a' }, { fw_version: '1.0', sw_version: 'a' }, { fw_version: '1.0', sw_version: 'b' }, { fw_version: '1.0', sw_version: 'b' }]);
  });

  it('that were never reported are a problem when the cloud asks', async () => {
    const { device, send, log, server } = await onHuawei();
    await device.connect();
    send('version_query', {});
    await until(() => log.problems.length === 1, 'the problem');
    expect(log.problems[0]).toMatchObject({ code: 'bad-input', message: expect.stringContaining('ota.report()') });
    expect(told(server)).toEqual([]);
  });

  it('are delivered with the answer of the cloud, and refused with its code (Tencent)', async () => {
    const { device, server } = await onTencent();
    await device.connect();
    await device.ota.report({ firmware: '1.0' }).delivered;
    expect(told(server)).toEqual([{ version: '1.0' }]);
    expect(server.last.subscribed).toContain(TENCENT_DOWN);
    const refusing = await onTencent(7);
    await refusing.device.connect();
    await expect(refusing.device.ota.report({ firmware: '1.0' }).delivered).rejects.toMatchObject({ code: 'refused', place: { number: 7 } });
  });

  it('are refused in words where the cloud has none of them', async () => {
    const [huawei, tencent] = [await onHuawei(), await onTencent()];
    // A program in JavaScript can pass anything.
    for (const wrong of [undefined, {}, 'v1', { firmware: '' }, { firmware: 1 }, { firmware: 'x'.repeat(257) }, { hardware: '1' }])
      await expect(huawei.device.ota.report(wrong as never).delivered).rejects.toMatchObject({ code: 'bad-input' });
    for (const wrong of [{ software: '1' }, { firmware: 'x'.repeat(33) }]) await expect(tencent.device.ota.report(wrong as never).delivered).rejects.toMatchObject({ code: 'bad-input' });
    expectTypeOf(tencent.device.ota.report).parameter(0).toEqualTypeOf<{ readonly firmware?: string }>();
    expectTypeOf(huawei.device.ota.report).parameter(0).toEqualTypeOf<{ readonly firmware?: string; readonly software?: string }>();
    expectTypeOf(tencent.device.ota.onOffer).parameter(0).parameter(0).toEqualTypeOf<Upgrade<'firmware'>>();
    huawei.device.ota.onOffer(() => undefined);
    expect(() => huawei.device.ota.onOffer(() => undefined)).toThrow(expect.objectContaining({ code: 'duplicate-handler' }));
  });
});

describe('an upgrade', () => {
  it('goes through on Huawei with the token of the package, and success is the new version', async () => {
    const { device, server, send, log } = await onHuawei();
    const { directory, server: web } = await files();
    const seen: unknown[] = [];
    device.ota.onOffer(async (upgrade) => {
      const { kind, version, bytes, digest, info, taskId, fileName, url } = upgrade;
      seen.push({ kind, version, bytes, digest, info, taskId, fileName, url });
      seen.push(await upgrade.download({ directory }).done);
      await upgrade.progress({ at: 'installing' }).delivered;
    });
    await device.connect();
    await device.ota.report({ firmware: '1.0', software: 'a' }).delivered;
    send('software_upgrade', { version: '../b', url: web.url, file_size: CONTENT.length, file_name: 'x/../y', access_token: 'a-token', expires: 86400, sign: hash('sha256').toUpperCase(), custom_info: 'free', task_id: 't1' });
    const file = path.join(directory, 'software-_b');
    await until(() => told(server).some((body) => JSON.stringify(body).includes('"result_code":0,"version":"a"')), 'the installation');
    expect(seen).toEqual([{ kind: 'software', version: '../b', bytes: CONTENT.length, digest: { algorithm: 'sha256', hex: hash('sha256').toUpperCase() }, info: 'free', taskId: 't1', fileName: 'x/../y', url: web.url }, file]);
    expect(web.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer a-token']);
    expect((await fs.readFile(file)).equals(CONTENT)).toBe(true);
    await device.ota.report({ software: '../b' }).delivered;
    expect(told(server)).toEqual([
      { fw_version: '1.0', sw_version: 'a' },
      { result_code: 0, progress: 0, version: 'a' },
      { result_code: 0, progress: 100, version: 'a' },
      { result_code: 0, version: 'a' },
      { result_code: 0, progress: 100, version: '../b' },
      { fw_version: '1.0', sw_version: '../b' },
    ]);
    expect(log.problems).toEqual([]);
  });

  it('goes through on Tencent with the steps of the download at QoS 0, and burning and done at QoS 1', async () => {
    const { directory, server: web } = await files();
    const { device, server } = await onTencent(0, (version, connection) => (version === '1.0' ? connection.send(TENCENT_DOWN, update(web.url)) : undefined));
    device.ota.onOffer(async (upgrade) => {
      await upgrade.download({ directory }).done;
      await upgrade.progress({ at: 'installing' }).delivered;
      await device.ota.report({ firmware: upgrade.version }).delivered;
    });
    await device.connect();
    await device.ota.report({ firmware: '1.0' }).delivered;
    await until(() => told(server).length === 6, 'the end');
    const state = (state: string, percent?: string) => ({ progress: { state, ...(percent === undefined ? {} : { percent }), result_code: '0', result_msg: '' }, version: '2.0' });
    expect(told(server)).toEqual([{ version: '1.0' }, state('downloading', '0'), state('downloading', '100'), state('burning'), state('done'), { version: '2.0' }]);
    expect(server.published.map(({ qos }) => qos)).toEqual([1, 0, 0, 1, 1, 1]);
  });

  it('tells the steps of a download no more often than the cloud needs them', async () => {
    const { directory, server: web } = await files((index) => (index < 5 ? { cutAfter: 400_000 } : {}));
    const { device, server, clock } = await onTencent();
    let download: Download | undefined;
    device.ota.onOffer(async (upgrade) => {
      download = upgrade.download({ directory });
      download.on('retry', ({ inMs }) => setImmediate(() => clock.advance(inMs)));
      await download.done;
    });
    await device.connect();
    server.last.send(TENCENT_DOWN, update(web.url));
    await until(() => download !== undefined, 'the offer');
    await download?.done;
    await until(() => JSON.stringify(told(server)).includes('"100"'), 'the last step');
    const percents = told(server).map((body) => Number((body as { progress: { percent: string } }).progress.percent));
    expect([percents[0], percents.at(-1)]).toEqual([0, 100]);
    expect(percents.length).toBeLessThanOrEqual(7);
  });

  it('that fails is told with the documented number of each cloud', async () => {
    const cases = [
      [{ content: CONTENT.subarray(1) }, 7, '-4'],
      [{ content: randomBytes(CONTENT.length) }, 7, '-4'],
      [{ status: 404 }, 255, '-2'],
      [{ status: 403 }, 6, '-3'],
      [{ status: 408 }, 6, '-1'],
      [{ status: 400 }, 255, '-5'],
    ] as const;
    for (const [manners, huaweiCode, tencentCode] of cases) {
      const { directory, server: web } = await files(manners);
      const [huawei, tencent] = [await onHuawei(), await onTencent()];
      const codes: unknown[] = [];
      for (const { device, clock } of [huawei, tencent]) {
        device.ota.onOffer(async (upgrade: Upgrade) => {
          const download = upgrade.download({ directory, attempts: 2 });
          download.on('retry', ({ inMs }) => setImmediate(() => clock.advance(inMs)));
          await download.done.catch((error: unknown) => codes.push((error as { code: string }).code));
          expect([upgrade.isOver, upgrade.signal.aborted]).toEqual([true, true]);
          await expect(upgrade.fail('busy').delivered).rejects.toMatchObject({ code: 'bad-input' });
          await expect(upgrade.progress({ at: 'installing' }).delivered).rejects.toMatchObject({ code: 'bad-input' });
        });
        await device.connect();
      }
      await huawei.device.ota.report({ firmware: '1.0' }).delivered;
      huawei.send('firmware_upgrade_v2', { version: '2.0', url: web.url, expires: 60, file_size: CONTENT.length, sign: hash('sha256') });
      tencent.server.last.send(TENCENT_DOWN, update(web.url));
      await until(() => codes.length === 2, 'both ends');
      await turns(20);
      expect(told(huawei.server).at(-1)).toMatchObject({ result_code: huaweiCode, version: '1.0', description: expect.stringMatching(/./) });
      expect(told(tencent.server).at(-1)).toMatchObject({ progress: { state: 'fail', result_code: tencentCode, result_msg: expect.stringMatching(/./) }, version: '2.0' });
      expect(JSON.stringify([told(huawei.server), told(tencent.server)])).not.toContain('a-secret-of-the-url');
      expect([...huawei.log.problems, ...tencent.log.problems]).toEqual([]);
    }
  });

  it('fails with a word of the program, a number of the cloud, or what its handler throws', async () => {
    const { device, server, send, log } = await onHuawei();
    const ends: ((upgrade: Upgrade) => void)[] = [
      (upgrade) => void upgrade.fail('low-battery'),
      (upgrade) => void upgrade.fail(8, 'not this one'),
      () => {
        throw new Error('the flash is worn out');
      },
    ];
    device.ota.onOffer((upgrade) => ends.shift()?.(upgrade));
    await device.connect();
    await device.ota.report({ firmware: '1.0' }).delivered;
    for (const [index, version] of ['2', '3', '4'].entries()) {
      send('firmware_upgrade_v2', { version, url: 'http://127.0.0.1/x', expires: 60 });
      await until(() => told(server).length === index + 2, 'the failure');
    }
    expect(told(server).slice(1)).toEqual([
      { result_code: 4, version: '1.0' },
      { result_code: 8, version: '1.0', description: 'not this one' },
      { result_code: 10, version: '1.0', description: expect.stringContaining('the flash is worn out') },
    ]);
    expect(log.problems).toMatchObject([{ code: 'handler-failed', message: expect.stringContaining('the flash is worn out') }]);
  });

  it('that is offered again goes on with the fresh URL, and is not handed over twice', async () => {
    const { directory, server: web } = await files((index) => (index === 0 ? { cutAfter: 1_000_000 } : index === 1 ? { status: 403 } : {}));
    let offers = 0;
    // The old version told again brings the offer again.
    const { device, server, clock } = await onTencent(0, (_, connection) => connection.send(TENCENT_DOWN, update(`${web.url}&n=${offers++}`)));
    const handled: unknown[] = [];
    device.ota.onOffer(async (upgrade) => {
      const download = upgrade.download({ directory });
      download.on('retry', ({ inMs }) => setImmediate(() => clock.advance(inMs)));
      handled.push(upgrade.version, await download.done);
    });
    await device.connect();
    await device.ota.report({ firmware: '1.0' }).delivered;
    await until(() => handled.length === 2, 'the file');
    expect(handled).toEqual(['2.0', path.join(directory, 'firmware-2.0')]);
    expect(web.asked.map((asked) => [/n=\d/.exec(asked.path)?.[0], asked.start > 0])).toEqual([['n=0', false], ['n=0', true], ['n=1', true]]);
    expect(told(server).filter((body) => JSON.stringify(body).includes('fail'))).toEqual([]);
  });

  it('has its downloads take turns: one that is stopped while it waits ends at once, and the next still waits for the first', async () => {
    const { directory, server: web } = await files((index) => (index === 0 ? { stallAfter: 100_000 } : {}));
    const { device, server } = await onTencent();
    const offered = Promise.withResolvers<Upgrade<'firmware'>>();
    device.ota.onOffer((upgrade) => offered.resolve(upgrade));
    await device.connect();
    server.last.send(TENCENT_DOWN, update(web.url));
    const upgrade = await offered.promise;
    const [first, second] = [new AbortController(), new AbortController()];
    const running = upgrade.download({ directory, signal: first.signal });
    await until(() => web.asked.length === 1, 'the first download');
    const waiting = upgrade.download({ directory, signal: second.signal });
    const next = upgrade.download({ directory });
    second.abort();
    await expect(waiting.done).rejects.toMatchObject({ code: 'aborted' });
    await turns(100);
    expect([web.asked.length, await outcomeOf(running.done), await outcomeOf(next.done)]).toEqual([1, 'open', 'open']);
    first.abort();
    await expect(running.done).rejects.toMatchObject({ code: 'aborted' });
    expect(await fs.readFile(await next.done)).toEqual(CONTENT);
  });

  it('ends when another version is offered, and pauses when the program or the end of the device says so', async () => {
    const { directory, server: web } = await files((index) => (index < 3 ? { stallAfter: 100_000 } : {}));
    const { device, server, log } = await onTencent();
    const codes: unknown[] = [];
    let stop = new AbortController();
    device.ota.onOffer(async (upgrade) => {
      const { done } = upgrade.download({ directory, signal: stop.signal });
      await done.catch((error: unknown) => {
        codes.push([upgrade.version, (error as { code: string }).code]);
        throw error;
      });
      codes.push([upgrade.version, 'done']);
    });
    await device.connect();
    server.last.send(TENCENT_DOWN, update(web.url));
    await until(() => web.asked.length === 1, 'the first download');
    server.last.send(TENCENT_DOWN, update(web.url, { version: '3.0' }));
    await until(() => codes.length === 1 && web.asked.length === 2, 'the second download');
    stop.abort();
    await until(() => codes.length === 2, 'the pause');
    // Paused is not failed: when it is offered again, it goes on.
    stop = new AbortController();
    server.last.send(TENCENT_DOWN, update(web.url, { version: '3.0' }));
    await until(() => web.asked.length === 3, 'the third download');
    await device.close();
    await until(() => codes.length === 3, 'the end');
    expect(codes).toEqual([['2.0', 'aborted'], ['3.0', 'aborted'], ['3.0', 'closed']]);
    expect(told(server).filter((body) => JSON.stringify(body).includes('fail'))).toEqual([]);
    expect(log.problems).toEqual([]);
  });
});

describe('a sub-device', () => {
  it('is upgraded on the connection of its gateway, and hears nothing that is meant for that (Huawei)', async () => {
    const { device, server, log } = await onHuawei();
    const { directory, server: web } = await files();
    const lamp = device.gateway.child('prod1_lamp');
    const handled: string[] = [];
    device.ota.onOffer((upgrade) => void handled.push(`gateway ${upgrade.version}`));
    lamp.ota.onOffer(async (upgrade) => {
      handled.push(`lamp ${upgrade.version} ${path.basename(await upgrade.download({ directory }).done)}`);
      await lamp.ota.report({ firmware: upgrade.version }).delivered;
    });
    await device.connect();
    await lamp.ota.report({ firmware: '1.0' }).delivered;
    const send = (id: string, type: string, paras: object): void => server.last.send(HUAWEI_DOWN, { object_device_id: id, services: [{ service_id: '$ota', event_type: type, event_time: '20261121T000000Z', paras }] });
    send('prod1_lamp', 'version_query', {});
    await until(() => told(server).length === 2, 'the version');
    send('prod1_lamp', 'firmware_upgrade_v2', { version: '2.0', url: web.url, expires: 60, sign: hash('sha256') });
    await until(() => told(server).length === 6, 'the end');
    send('prod1_dev1', 'firmware_upgrade_v2', { version: '9.0', url: web.url, expires: 60 });
    await until(() => handled.length === 2, "the gateway's own");
    expect(handled).toEqual(['lamp 2.0 firmware-2.0', 'gateway 9.0']);
    expect(told(server)).toEqual([
      { fw_version: '1.0' },
      { fw_version: '1.0' },
      { result_code: 0, progress: 0, version: '1.0' },
      { result_code: 0, progress: 100, version: '1.0' },
      { result_code: 0, progress: 100, version: '2.0' },
      { fw_version: '2.0' },
    ]);
    const owners = server.published.filter(({ text }) => text.includes('$ota')).map(({ text }) => (JSON.parse(text) as { object_device_id: string }).object_device_id);
    expect(new Set(owners)).toEqual(new Set(['prod1_lamp']));
    expect(log.problems).toEqual([]);
  });

  it('has topics of its own on Tencent, and tells its version again when it is online again', async () => {
    const clock = new FakeClock();
    const lampDown = '$ota/update/ABCDE12345/lamp2';
    const server = await ScriptedServer.listen(clock, {
      onPublish: ({ topic, text }, connection) => {
        const body = JSON.parse(text) as { type: string; payload: object; report: { version: string } };
        if (topic.startsWith('$gateway/')) connection.send('$gateway/operation/result/ABCDE12345/dev1', { type: body.type, payload: { devices: [{ product_id: 'ABCDE12345', device_name: 'lamp2', result: 0 }] } });
        if (body.type === 'report_version') connection.send(lampDown, { type: 'report_version_rsp', result_code: 0, version: body.report.version });
      },
    });
    const device = tencentDevice(server);
    open.push(server, { [Symbol.asyncDispose]: async () => void (await device.close()) });
    const log = listenTo(device);
    const lamp = device.gateway.child('ABCDE12345/lamp2');
    const handled: string[] = [];
    lamp.ota.onOffer((upgrade) => void handled.push(`${upgrade.device} ${upgrade.version}`));
    await device.connect();
    await device.gateway.online(['ABCDE12345/lamp2']);
    await lamp.ota.report({ firmware: '1.0' }).delivered;
    server.last.send(lampDown, update('http://127.0.0.1/x'));
    await until(() => handled.length === 1, 'the offer');
    expect([handled, server.last.subscribed.includes(lampDown)]).toEqual([['ABCDE12345/lamp2 2.0'], true]);
    server.last.reset();
    await until(() => !device.isOnline, 'the cut');
    clock.advance(log.offline[0]?.nextAttemptMs ?? 0);
    await device.connect();
    await until(() => told(server).length === 2, 'the repetition');
    expect(server.published.filter(({ topic }) => topic.startsWith('$ota/')).map(({ topic, connection }) => [topic, connection])).toEqual([['$ota/report/ABCDE12345/lamp2', 0], ['$ota/report/ABCDE12345/lamp2', 1]]);
    expect(log.problems).toEqual([]);
  });
});
