import net from 'node:net';
import { systemClock, type Clock } from '@lianyun/protocol';
import { Device, huawei, tencent } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { CLOUDS, type AnyDevice, type Cloud } from './support/clouds.ts';
import { CountedClock, openHandles, settledHandles } from './support/handles.ts';
import { Rig } from './support/rig.ts';

/** A server that takes connections and says nothing. */
async function muteServer(): Promise<AsyncDisposable & { readonly address: string; readonly connected: Promise<void> }> {
  const sockets = new Set<net.Socket>();
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  const server = net.createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    resolve();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    address: `mqtt://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    connected,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** A further device of the lamps' product. */
function oneMore({ name }: Cloud, { platform, server }: Rig, nodeId: string, clock: Clock): AnyDevice {
  const productId = name === 'huawei' ? 'lamp' : 'LAMP000001';
  const { device: deviceId, secret } = platform.registry.createDevice({ cloud: name, productId, nodeId });
  return name === 'huawei'
    ? new Device({ dialect: huawei, server, clock, identity: { deviceId, secret } })
    : new Device({ dialect: tencent, server, clock, identity: { productId, deviceName: nodeId, deviceSecret: secret } });
}

const listenersOf = (device: AnyDevice): number => device.eventNames().reduce((sum, name) => sum + device.listenerCount(name), 0);

describe.each(CLOUDS)('A device on $name', (cloud) => {
  it('that is closed leaves no socket, no timer and no listener, two hundred times over', { timeout: 60_000 }, async () => {
    await using rig = await Rig.open();
    const before = openHandles();
    const clock = new CountedClock(systemClock);
    for (let round = 0; round < 200; round++) {
      const device = cloud.device(1, rig.server, { clock });
      await device.connect();
      // Every other round with something under way.
      const receipt = device.properties.report(cloud.group({ level: round % 100 }));
      if (round % 2 === 0) await receipt.delivered;
      await device.close();
      expect(listenersOf(device)).toBe(0);
      if (round % 2 === 1) await receipt.delivered.catch((error: unknown) => expect(error).toMatchObject({ code: 'closed' }));
    }
    expect(await settledHandles(before)).toBeUndefined();
    expect(clock.running).toEqual([]);
  });

  it('leaves nothing either when two hundred share the process', async () => {
    await using rig = await Rig.open();
    const before = openHandles();
    const clock = new CountedClock(systemClock);
    const devices = Array.from({ length: 200 }, (_, index) => oneMore(cloud, rig, `crowd-${index}`, clock));
    await Promise.all(devices.map((device) => device.connect()));
    expect(rig.platform.access.connections).toBe(200);
    await Promise.all(devices.map((device) => device.close()));
    expect(await settledHandles(before)).toBeUndefined();
    expect(rig.platform.access.connections).toBe(0);
    expect(clock.running).toEqual([]);
  });

  describe('closes', () => {
    it('before it was ever connected', async () => {
      const clock = new CountedClock(systemClock);
      const device = cloud.device(1, 'mqtt://127.0.0.1:1', { clock });
      const receipt = device.properties.report(cloud.group({ level: 1 }));
      expect(await device.close()).toEqual({ undelivered: 1 });
      await expect(receipt.delivered).rejects.toMatchObject({ code: 'closed' });
      expect(device.state.at).toBe('closed');
      expect(clock.running).toEqual([]);
    });

    it('while it waits for CONNACK', async () => {
      const before = openHandles();
      const clock = new CountedClock(systemClock);
      {
        await using server = await muteServer();
        const device = cloud.device(1, server.address, { clock });
        const connecting = device.connect();
        const isRefused = expect(connecting).rejects.toMatchObject({ code: 'closed' });
        await server.connected;
        expect(device.state.at).toBe('connecting');
        await device.close();
        await isRefused;
      }
      expect(await settledHandles(before)).toBeUndefined();
      expect(clock.running).toEqual([]);
    });

    it('in the turn in which it begins to connect', async () => {
      await using rig = await Rig.open();
      const clock = new CountedClock(systemClock);
      const device = cloud.device(1, rig.server, { clock });
      const isRefused = expect(device.connect()).rejects.toMatchObject({ code: 'closed' });
      await device.close();
      await isRefused;
      expect(clock.running).toEqual([]);
    });

    it('while it waits to try again', async () => {
      const before = openHandles();
      const clock = new CountedClock(systemClock);
      const device = cloud.device(1, 'mqtt://127.0.0.1:1', { clock });
      const isRefused = expect(device.connect()).rejects.toMatchObject({ code: 'closed' });
      await new Promise((resolve) => device.once('offline', resolve));
      expect(device.state.at).toBe('waiting');
      await device.close();
      await isRefused;
      expect(await settledHandles(before)).toBeUndefined();
      expect(clock.running).toEqual([]);
    });

    it('while it is online and a command is being handled', async () => {
      await using rig = await Rig.open();
      const before = openHandles();
      const clock = new CountedClock(systemClock);
      const device = cloud.device(1, rig.server, { clock });
      const { promise: called, resolve } = Promise.withResolvers<void>();
      device.commands.handle('blink', () => {
        resolve();
        return new Promise(() => undefined);
      });
      await device.connect();
      const call = rig.blink(cloud, 1);
      await called;
      await device.close();
      // The cloud hears at once that nobody will answer.
      expect(JSON.stringify((await call).body)).toMatch(/IOTDA\.014016|DeviceOffline/);
      expect(await settledHandles(before)).toBeUndefined();
      expect(clock.running).toEqual([]);
    });

    it('after it was refused, and twice', async () => {
      await using rig = await Rig.open();
      const clock = new CountedClock(systemClock);
      const device = cloud.impostor(1, rig.server, { clock });
      await expect(device.connect()).rejects.toMatchObject({ code: 'bad-credentials' });
      expect(clock.running).toEqual([]);
      expect(await device.close()).toEqual({ undelivered: 0 });
      expect(await Promise.all([device.close(), device.close({ drainMs: 1000 })])).toEqual([{ undelivered: 0 }, { undelivered: 0 }]);
      await expect(device.connect()).rejects.toMatchObject({ code: 'bad-credentials' });
      expect(clock.running).toEqual([]);
    });

    it('and delivers what is pending first, when it is given time', async () => {
      await using rig = await Rig.open();
      const clock = new CountedClock(systemClock);
      const device = cloud.device(1, rig.server, { clock });
      await device.connect();
      const receipts = Array.from({ length: 20 }, (_, level) => device.properties.report(cloud.group({ level })));
      expect(await device.close({ drainMs: 5000 })).toEqual({ undelivered: 0 });
      await Promise.all(receipts.map(({ delivered }) => delivered));
      expect(await rig.reported(cloud, 1)).toEqual({ level: 19 });
      await expect(device.properties.report(cloud.group({ level: 1 })).delivered).rejects.toMatchObject({ code: 'closed' });
      expect(clock.running).toEqual([]);
    });
  });
});
