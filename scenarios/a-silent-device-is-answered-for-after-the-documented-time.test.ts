import { FakeClock } from '@lianyun/protocol/testing';
import { describe, expect, it } from 'vitest';
import { HUAWEI, TENCENT } from './support/clouds.ts';
import { happens, Rig } from './support/rig.ts';

const SILENT = [
  { cloud: HUAWEI, waitMs: 20_000, answer: { status: 200, body: { command_id: expect.any(String), error_code: 'IOTDA.014111', error_msg: expect.stringContaining('lamp_1') } } },
  { cloud: TENCENT, waitMs: 5000, answer: { status: 200, body: { Error: { Code: 'FailedOperation.Timeout', Message: expect.stringContaining('lamp1') } } } },
];

describe.each(SILENT)('A device on $cloud.name that says nothing', ({ cloud, waitMs, answer }) => {
  it(`is answered for after ${waitMs} ms, and not before`, async () => {
    const clock = new FakeClock({ now: Date.now() });
    await using rig = await Rig.open({ clock });
    const mute = await rig.foreign(cloud, 1);
    if (cloud.name === 'tencent') await mute.subscribeAsync(cloud.topics.command(1));
    const heard = happens(mute, 'message');
    let isAnswered = false;
    const call = rig.blink(cloud, 1).finally(() => {
      isAnswered = true;
    });
    await heard;
    clock.advance(waitMs - 1);
    // A whole other request and its answer have time to pass.
    await rig.reported(cloud, 1);
    expect(isAnswered).toBe(false);
    clock.advance(1);
    expect(await call).toMatchObject(answer);
  });

  it('and answers too late is heard, as an answer nobody waits for', async () => {
    const clock = new FakeClock({ now: Date.now() });
    await using rig = await Rig.open({ clock });
    const late = await rig.foreign(cloud, 1);
    if (cloud.name === 'tencent') await late.subscribeAsync(cloud.topics.command(1));
    const heard = happens(late, 'message');
    const call = rig.blink(cloud, 1);
    const [topic, payload] = (await heard) as [string, Buffer];
    clock.advance(waitMs);
    await call;
    if (cloud.name === 'huawei') await late.publishAsync(topic.replace('/commands/', '/commands/response/'), '{"result_code":0}', { qos: 1 });
    else {
      const { clientToken } = JSON.parse(payload.toString()) as { clientToken: string };
      await late.publishAsync('$thing/up/action/LAMP000001/lamp1', JSON.stringify({ method: 'action_reply', clientToken, code: 0, status: '', response: {} }), { qos: 1 });
    }
    expect(rig.problems.all).toMatchObject([{ code: 'unexpected-reply', place: { device: cloud.ref(1) } }]);
  });
});

describe('A Huawei device that says nothing', () => {
  it.each([
    ['to a set', 'PUT', '/devices/lamp_1/properties', { services: [{ service_id: 'light', properties: { level: 1 } }] }],
    ['to a query of its properties', 'GET', '/devices/lamp_1/properties?service_id=light', undefined],
  ] as const)('%s is answered for as well', async (_what, method, path, body) => {
    const clock = new FakeClock({ now: Date.now() });
    await using rig = await Rig.open({ clock });
    const heard = happens(await rig.foreign(HUAWEI, 1), 'message');
    const call = rig.huawei(method, path, body);
    await heard;
    clock.advance(20_000);
    expect(await call).toMatchObject({ status: 200, body: { request_id: expect.any(String), error_code: 'IOTDA.014111' } });
  });
});
