import { MemoryTopology, type Device, type GatewayChange, type huawei } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { HUAWEI, TENCENT } from './support/clouds.ts';
import { gatewaySeed, HUAWEI_GATEWAY, onlineGateway, TENCENT_GATEWAY } from './support/gateways.ts';
import { Lives } from './support/lives.ts';
import { Log } from './support/log.ts';

describe('After a restart of the platform', () => {
  it('a Huawei device that was offline gets what waited for it, once and in order, and what is desired of it', async () => {
    using lives = new Lives();
    await lives.next(async (rig) => {
      const device = (await rig.online(HUAWEI, 1)) as Device<typeof huawei>;
      await rig.huawei('POST', '/devices/lamp_1/messages', { message: 'before', message_id: 'm-0' });
      await device.messages.send({ content: 'told' }).delivered;
      await device.close();
      for (const number of [1, 2, 3]) await rig.huawei('POST', '/devices/lamp_1/messages', { message: number, message_id: `m-${number}` });
      await rig.huawei('PUT', '/devices/lamp_1/shadow', { shadow: [{ service_id: 'light', desired: { level: 7 } }] });
    });
    await lives.next(async (rig) => {
      expect(rig.platform.mailbox.received('huawei', 'lamp_1')).toMatchObject([{ message: { content: 'told' } }]);
      const device = rig.device(HUAWEI, 1);
      const heard = new Log<unknown>();
      device.messages.onMessage((message) => heard.add('content' in message && message.content));
      const sets = new Log<unknown>();
      device.properties.onSet(async ({ groups }) => {
        await device.properties.report(groups).delivered;
        sets.add(groups[0]?.values);
      });
      await device.connect();
      expect(await heard.take(3)).toEqual([1, 2, 3]);
      expect(await sets.first()).toEqual({ level: 7 });
      const { body } = await rig.huawei('GET', '/devices/lamp_1/messages');
      expect((body as any).messages.map((each: any) => [each.message_id, each.status])).toEqual([0, 1, 2, 3].map((number) => [`m-${number}`, 'DELIVERED']));
    });
    await lives.next(async (rig) => {
      const device = rig.device(HUAWEI, 1);
      const heard = new Log<unknown>();
      device.messages.onMessage((message) => heard.add('content' in message && message.content));
      device.properties.onSet((set) => heard.add(set));
      await device.connect();
      await rig.huawei('POST', '/devices/lamp_1/messages', { message: 'the end' });
      expect(await heard.first()).toBe('the end');
      expect(heard.all).toHaveLength(1);
    });
  });

  it('a Tencent device gets the control that waited, and its events are listed', async () => {
    using lives = new Lives();
    await lives.next(async (rig) => {
      await rig.set(TENCENT, 1, { level: 70 });
      const device = await rig.online(TENCENT, 2);
      await device.events.post({ name: 'burnt', severity: 'fault', params: { hours: 5 } }).delivered;
    });
    await lives.next(async (rig) => {
      const device = rig.device(TENCENT, 1);
      const sets = new Log<unknown>();
      device.properties.onSet(({ groups }) => sets.add(groups));
      await device.connect();
      expect(await sets.first()).toEqual([{ values: { level: 70 } }]);
      const { body } = await rig.tencent('ListEventHistory', { ProductId: 'LAMP000001', DeviceName: 'lamp2' });
      expect(body).toMatchObject({ Total: 1, Listover: true, EventHistory: [{ EventId: 'burnt', Type: 'fault', Data: '{"hours":5}' }] });
    });
  });

  it('a Huawei gateway is told the changes that it missed, and its lamps are as it said', async () => {
    using lives = new Lives(gatewaySeed(0));
    const topology = new MemoryTopology();
    await lives.next(async (rig) => {
      const gateway = rig.own(HUAWEI_GATEWAY.gateway(rig.server, { topology }));
      const changes = new Log<GatewayChange>();
      gateway.gateway.onChange(changes.add);
      await gateway.connect();
      for (const lamp of [0, 1]) await HUAWEI_GATEWAY.addLamp(rig, lamp);
      await changes.take(2);
      await gateway.gateway.online([HUAWEI_GATEWAY.lamp(1)]);
      await gateway.close();
      await HUAWEI_GATEWAY.addLamp(rig, 2);
    });
    await lives.next(async (rig) => {
      await HUAWEI_GATEWAY.removeLamp(rig, 0);
      expect([1, 2].map((lamp) => rig.platform.downlink.isOnline('huawei', HUAWEI_GATEWAY.lamp(lamp)))).toEqual([true, false]);
      const gateway = rig.own(HUAWEI_GATEWAY.gateway(rig.server, { topology }));
      const changes = new Log<GatewayChange>();
      gateway.gateway.onChange(changes.add);
      await gateway.connect();
      expect((await changes.take(2)).map(({ change, version, children }) => [change, version, children.map(({ device }) => device)])).toEqual([
        ['added', 3, [HUAWEI_GATEWAY.lamp(2)]],
        ['removed', 4, [HUAWEI_GATEWAY.lamp(0)]],
      ]);
    });
  });

  it('the lamps of a Tencent gateway are online with it again, without a word', async () => {
    using lives = new Lives(gatewaySeed(2));
    await lives.next(async (rig) => {
      const gateway = await onlineGateway(rig, TENCENT_GATEWAY, 2);
      await gateway.gateway.offline([TENCENT_GATEWAY.lamp(1)]);
    });
    await lives.next(async (rig) => {
      const status = () => [0, 1].map((lamp) => rig.platform.downlink.isOnline('tencent', TENCENT_GATEWAY.lamp(lamp)));
      expect(status()).toEqual([false, false]);
      const gateway = rig.own(TENCENT_GATEWAY.gateway(rig.server));
      await gateway.connect();
      expect(status()).toEqual([true, false]);
    });
  });
});
