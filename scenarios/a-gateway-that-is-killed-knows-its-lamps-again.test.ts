import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TracedFrame } from '@lianyun/platform';
import type { GatewayChange } from 'lianyun';
import { describe, expect, it } from 'vitest';
import type { AnyDevice } from './support/clouds.ts';
import { gatewaySeed, GATEWAYS, HUAWEI_GATEWAY, type GatewayCloud } from './support/gateways.ts';
import { Log } from './support/log.ts';
import { runScript } from './support/program.ts';
import { Rig } from './support/rig.ts';

const PROGRAM = fileURLToPath(new URL('./support/restarted-gateway.ts', import.meta.url));
const LAMPS = 6;
/** What two processes of a gateway are told, each killed when it has done it, and the lamps that are wanted online then. */
const LIVES: readonly { readonly orders: readonly string[]; readonly wanted: readonly number[] }[] = [
  { orders: ['add 0 1 2 3', 'online 0 1 2', 'offline 1'], wanted: [0, 2] },
  { orders: ['add 4', 'online 3 4', 'remove 0', 'offline 3'], wanted: [2, 4] },
];

/** A folder for the gateway's list. */
class Folder implements Disposable {
  readonly path = mkdtempSync(path.join(tmpdir(), 'lianyun-gateway-'));
  readonly file = path.join(this.path, 'sub-devices.jsonl');

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** Runs a process of the gateway until it has done its orders, and kills it. */
async function live(rig: Rig, cloud: GatewayCloud, topology: string, orders: readonly string[]): Promise<void> {
  await using program = runScript(PROGRAM, [JSON.stringify({ cloud: cloud.name, server: rig.server, topology, orders })]);
  await program.line(/^ready$/);
  expect(program.stdout.all).toEqual([...orders.map((order) => `${order}: done`), 'ready']);
  program.kill('SIGKILL');
  await program.end();
}

/** The next process of the gateway, here in the test. */
function nextLife(rig: Rig, cloud: GatewayCloud, topology: string): AnyDevice {
  return rig.own(cloud.gateway(rig.server, { ...rig.options, topology }));
}

describe.each(GATEWAYS)('A gateway on $name that keeps its list in a file', (cloud) => {
  it('brings those lamps online again that it had online when it was killed, without a word of its program, and serves them', { timeout: 60_000 }, async () => {
    await using rig = await Rig.open({ seed: gatewaySeed(LAMPS) });
    using folder = new Folder();
    const announced = new Log<readonly string[]>();
    const isOnline = (): readonly number[] => Array.from({ length: LAMPS }, (_, lamp) => lamp).filter((lamp) => rig.platform.downlink.isOnline(cloud.name, cloud.lamp(lamp)));
    for (const { orders, wanted } of LIVES) {
      await live(rig, cloud, folder.file, orders);
      const count = announced.all.length;
      const note = ({ messages }: TracedFrame): void => {
        for (const each of messages) if (each.op === 'child.status') announced.add(each.message.body.children.filter(({ online }) => online).map(({ device }) => device));
      };
      rig.platform.on('frame', note);
      const device = nextLife(rig, cloud, folder.file);
      const [lamp = 0] = wanted;
      device.gateway.child(cloud.lamp(lamp)).commands.handle('blink', ({ args }) => ({ blinked: args['times'] ?? null }));
      await device.connect();
      expect((await announced.take(count + 1)).at(-1)?.toSorted()).toEqual(wanted.map((each) => cloud.lamp(each)));
      await device.gateway.child(cloud.lamp(lamp)).properties.report(cloud.group({ level: 3 })).delivered;
      expect(isOnline()).toEqual(wanted);
      expect(await cloud.blink(rig, lamp, 4)).toMatchObject(cloud.blinked(4));
      expect(rig.told(device).problems.all).toEqual([]);
      rig.platform.off('frame', note);
      await device.close();
    }
    expect(() => cloud.gateway(rig.server, { topology: folder.file }, 2)).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining(`is the list of sub-devices of "${cloud.gatewayRef}"`) }));
  });
});

describe('A gateway on huawei that keeps its list in a file', () => {
  it('asks the cloud for what changed since the version that it had when it was killed, and for no more', { timeout: 60_000 }, async () => {
    await using rig = await Rig.open({ seed: gatewaySeed(0) });
    using folder = new Folder();
    await live(rig, HUAWEI_GATEWAY, folder.file, ['add 0 1 2']);
    await HUAWEI_GATEWAY.addLamp(rig, 3);
    await HUAWEI_GATEWAY.removeLamp(rig, 1);
    const device = nextLife(rig, HUAWEI_GATEWAY, folder.file);
    const changes = new Log<GatewayChange>();
    device.gateway.onChange(changes.add);
    await device.connect();
    expect((await changes.take(2)).map(({ change, children }) => [change, children.map((lamp) => lamp.device)])).toEqual([
      ['added', [HUAWEI_GATEWAY.lamp(3)]],
      ['removed', [HUAWEI_GATEWAY.lamp(1)]],
    ]);
    expect((await device.gateway.list()).map((lamp) => lamp.device)).toEqual([0, 2, 3].map((lamp) => HUAWEI_GATEWAY.lamp(lamp)));
  });
});
