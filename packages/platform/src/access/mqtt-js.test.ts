import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { TestAccess } from './access.fixtures.ts';

async function online(access: TestAccess, device: string, more: IClientOptions = {}): Promise<MqttClient & AsyncDisposable> {
  const client = await connectAsync({ host: '127.0.0.1', port: access.port, clientId: device, username: 'tencent', reconnectPeriod: 0, keepalive: 60, ...more });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.endAsync(true) });
}

function nextMessage(client: MqttClient): Promise<string> {
  return new Promise((resolve) => {
    client.once('message', (topic, payload, { qos }) => {
      resolve(`${topic} ${payload.toString()} ${String(qos)}`);
    });
  });
}

describe('MQTT.js, a foreign client', () => {
  it.each([
    ['3.1.1', {}],
    ['3.1', { protocolId: 'MQIsdp', protocolVersion: 3 }],
  ] as const)('signs in with MQTT %s, publishes, subscribes and gets downlinks', async (_version, options) => {
    await using access = await TestAccess.open();
    await using client = await online(access, 'd1', options);
    await client.publishAsync('$up', 'report', { qos: 1 });
    expect(access.policy.events).toEqual(['online d1', 'up d1 $up report']);
    expect(await client.subscribeAsync({ '$down/#': { qos: 1 }, 'P/d1/data': { qos: 2 } })).toMatchObject([
      { topic: '$down/#', qos: 1 },
      { topic: 'P/d1/data', qos: 1 },
    ]);
    const first = nextMessage(client);
    const receipt = access.server.deliver('tencent', 'd1', { topic: '$down/1', payload: '{}', qos: 1 });
    expect(await first).toBe('$down/1 {} 1');
    await receipt.delivered;
    const second = nextMessage(client);
    await client.publishAsync('P/d1/data', 'to myself', { qos: 1 });
    expect(await second).toBe('P/d1/data to myself 1');
    await client.unsubscribeAsync('$down/#');
    await client.endAsync();
    await access.policy.event('offline d1 client-disconnect');
  });

  it('is told of a refused subscription and of a refused sign-in', async () => {
    await using access = await TestAccess.open();
    await using client = await online(access, 'd1');
    await expect(client.subscribeAsync('forbidden/#')).rejects.toThrow();
    await expect(online(access, 'd2', { username: 'bad-credentials' })).rejects.toMatchObject({ code: 4 });
    await expect(online(access, 'd2', { username: 'not-authorized' })).rejects.toMatchObject({ code: 5 });
  });

  it('is closed when another one signs in for its device, and messages reach the new one', async () => {
    await using access = await TestAccess.open();
    await using first = await online(access, 'd1', { username: 'huawei' });
    const isClosed = new Promise((resolve) => first.once('close', () => { resolve(true); }));
    await using second = await online(access, 'd1', { username: 'huawei' });
    expect(await isClosed).toBe(true);
    const message = nextMessage(second);
    void access.server.deliver('huawei', 'd1', { topic: '$down', payload: 'hello', qos: 1 });
    expect(await message).toBe('$down hello 0');
  });

  it('talks to another one over a custom topic', async () => {
    await using access = await TestAccess.open();
    await using sender = await online(access, 'd1');
    await using receiver = await online(access, 'd2');
    await receiver.subscribeAsync('room/+/light', { qos: 1 });
    const message = nextMessage(receiver);
    await sender.publishAsync('room/1/light', 'on', { qos: 1, retain: true });
    expect(await message).toBe('room/1/light on 1');
  });
});
