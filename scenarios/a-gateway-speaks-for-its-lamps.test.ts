import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { addsLamps, isOnline, lampAnswersForItself, reportsForALamp } from './support/core-gateways-and-files.ts';
import { GATEWAYS, gatewaySeed, onlineGateway } from './support/gateways.ts';
import { Rig } from './support/rig.ts';

const open = (lamps = 3): Promise<Rig> => Rig.open({ seed: gatewaySeed(lamps) });

describe.each(GATEWAYS)('A gateway on $name', (cloud) => {
  it('adds lamps, lists them, brings them online and takes them offline, each with a result of its own', () => addsLamps({}, cloud));

  it("reports for a lamp, and the lamp's twin has it", () => reportsForALamp({}, cloud));

  it("has a lamp's commands and sets answered by the lamp, never by itself", () => lampAnswersForItself({}, cloud));

  it('answers for a lamp that it does not know with a failure, and says so', async () => {
    await using rig = await open();
    const device = await onlineGateway(rig, cloud, 1);
    device.commands.handle('*', () => ({ blinked: 99 }));
    const answer = await cloud.blink(rig, 0, 1);
    expect(JSON.stringify(answer.body)).toContain(`knows no device ${cloud.lamp(0)}`);
    expect(rig.told(device).problems.all).toMatchObject([{ code: 'unknown-message', place: { device: cloud.lamp(0) } }]);
  });

  it('that is offline is answered for at once', async () => {
    await using rig = await open();
    const device = await onlineGateway(rig, cloud, 1);
    const left = once(rig.platform, 'offline');
    await device.close();
    await left;
    expect(await cloud.blink(rig, 0, 1)).toMatchObject(cloud.unreachable);
    // On Tencent the lamps go with their gateway; on Huawei they keep their state.
    expect(isOnline(rig, cloud, 0)).toBe(cloud.name === 'huawei');
  });

  it('hears when the cloud adds a lamp and removes it', async () => {
    await using rig = await open();
    const device = rig.own(cloud.gateway(rig.server));
    const changes: unknown[] = [];
    let heard = Promise.withResolvers<undefined>();
    device.gateway.onChange(({ change, children }) => {
      changes.push([change, children.map((child) => child.device)]);
      heard.resolve(undefined);
    });
    await device.connect();
    expect(await cloud.addLamp(rig, 1)).toMatchObject({ status: cloud.name === 'huawei' ? 201 : 200 });
    await heard.promise;
    heard = Promise.withResolvers();
    await cloud.removeLamp(rig, 1);
    await heard.promise;
    expect(changes).toEqual([['added', [cloud.lamp(1)]], ['removed', [cloud.lamp(1)]]]);
    expect(await device.gateway.list()).toEqual([]);
    expect([rig.problems.all, rig.told(device).problems.all]).toEqual([[], []]);
  });

  it('announces its lamps again after a reconnect, and they are reached as before', async () => {
    await using rig = await open();
    const device = await onlineGateway(rig, cloud, 2);
    device.gateway.child(cloud.lamp(0)).commands.handle('blink', ({ args }) => ({ blinked: args['times'] ?? 0 }));
    await device.gateway.offline([cloud.lamp(1)]);
    const announced = new Promise<string>((resolve) => {
      rig.platform.on('frame', ({ direction, messages, payload }) => {
        if (direction === 'up' && messages.some(({ op }) => op === 'child.status')) resolve(payload);
      });
    });
    const back = once(device, 'online');
    rig.platform.access.kick(cloud.name, cloud.gatewayRef, 'the test wants it');
    await back;
    const text = await announced;
    expect(text).toContain('sub0');
    expect(text).not.toContain('sub1');
    expect(await cloud.blink(rig, 0, 3)).toMatchObject(cloud.blinked(3));
    expect([rig.problems.all, rig.told(device).problems.all]).toEqual([[], []]);
  });

  it('has 200 lamps, each of which answers its own command at the same time', async () => {
    await using rig = await open(200);
    const device = await onlineGateway(rig, cloud, 200);
    const waiting: (() => void)[] = [];
    for (let lamp = 0; lamp < 200; lamp++) {
      device.gateway.child(cloud.lamp(lamp)).commands.handle('blink', async ({ args, device: of }) => {
        // All are asked before the first answers, and the last one asked answers first.
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          if (waiting.length === 200) for (const next of waiting.reverse()) next();
        });
        return { blinked: Number(args['times']) * 1000 + Number(/\d+$/.exec(of)?.[0]) };
      });
    }
    const answers = await Promise.all(Array.from({ length: 200 }, (_, lamp) => cloud.blink(rig, lamp, 1 + (lamp % 10))));
    for (const [lamp, answer] of answers.entries()) expect(answer).toMatchObject(cloud.blinked((1 + (lamp % 10)) * 1000 + lamp));
    expect([rig.problems.all, rig.told(device).problems.all]).toEqual([[], []]);
  });
});
