// What a program in JavaScript passes beside what the types say: null and undefined for what the vendor's document calls optional, and no listener where one belongs.
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { ScriptedServer } from '../testing/scripted-server.ts';
import { until } from '../testing/support.ts';
import { IotDevice } from './index.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

async function connected() {
  const clock = new FakeClock({ now: Date.UTC(2026, 10, 22) });
  const server = await ScriptedServer.listen(clock);
  const device = new IotDevice({ connectAuthInfo: { id: 'd', secret: 's', serverUri: '127.0.0.1', port: server.port } }, { clock });
  open.push(server, { [Symbol.asyncDispose]: () => device.destroy() });
  expect(await device.connect()).toBe(0);
  const heard: string[] = [];
  return { server, device, client: device.getClient(), heard, listener: { onSuccess: () => void heard.push('success'), onFailure: () => void heard.push('failure') } };
}

const none = undefined as never;
const refused = expect.objectContaining({ code: 'bad-input', message: expect.stringMatching(/takes an object with the methods .* is missing/) as string }) as unknown;

describe('A listener that is not there', () => {
  it('is refused in words, whatever it is set on', async () => {
    const { device, client } = await connected();
    const setters = [
      () => client.setCommandListener(none),
      () => client.setPropertiesListener(none),
      () => client.setPropertyListener(none),
      () => client.setDeviceMsgListener(none),
      () => client.setRawDeviceMsgListener(none),
      () => client.setDeviceShadowListener(none),
      () => client.setConnectActionListener(none),
      () => client.setRuleActionHandler(none),
      () => client.setDeviceConfigListener(none),
      () => device.getOtaService().setOtaListener(none),
      () => device.getTimeSyncService().setListener(none),
      () => device.getFileManagerService().setListener(none),
      () => client.addConnectListener(none),
      () => client.addConnectListener(null as never),
      () => client.subscribeTopic('user/a', 1, {} as never),
    ];
    for (const set of setters) expect(set).toThrow(refused);
  });
});

describe('An answer and a question', () => {
  it('need no result: a set is answered with success where it is null', async () => {
    const { server, client, heard, listener } = await connected();
    client.respondPropertiesSet('r1', null, listener);
    await until(() => heard.length === 1, 'the outcome');
    expect([heard, server.bodies('/properties/set/response/request_id=r1')]).toEqual([['success'], [{ result_code: 0, result_desc: 'Success' }]]);
  });

  it('have their listener called once, where it stands beside the options and where it stands at its own place', async () => {
    const { client, heard, listener } = await connected();
    client.getDeviceShadow({ requestId: 'a' }, listener);
    client.getDeviceShadow({ requestId: 'b' }, null, null, listener);
    client.getDeviceShadow('c', null, null, listener);
    let isSent = false;
    client.reportDeviceMessage('end', { onSuccess: () => void (isSent = true), onFailure: () => undefined });
    await until(() => isSent, 'the message after them');
    expect(heard).toEqual(['success', 'success', 'success']);
  });
});

describe('subscribeTopic()', () => {
  it.each([2, 3, -1, 1.5, Number.NaN, '1'])('refuses QoS %s, which no message of this device can have, and keeps nothing of it', async (qos) => {
    const { server, device, client } = await connected();
    expect(() => client.subscribeTopic('user/a', qos as never, () => undefined)).toThrow(expect.objectContaining({ code: 'bad-input', message: expect.stringContaining(`qos ${String(qos)}`) as string }) as Error);
    client.subscribeTopic('user/b', null, () => undefined);
    await until(() => server.last.subscribed.length > 0, 'the subscription');
    expect([server.last.subscribed, device.device.isOnline]).toEqual([['user/b'], true]);
  });
});
