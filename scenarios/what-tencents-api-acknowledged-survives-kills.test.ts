// kill -9 of the platform in the middle of what applications do through Tencent's API: what was acknowledged is there afterwards, what was under way is there as a whole or not at all.
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { expect, it } from 'vitest';
import { gatewaySeed } from './support/gateways.ts';
import { fetchUrl } from './support/http.ts';
import { lianyun } from './support/program.ts';
import { happens } from './support/rig.ts';
import { tencentClient, type TencentCall } from './support/vendor-clients.ts';
import { tencentCredentials } from './support/credentials.ts';

const KILLS = process.env['LIANYUN_NIGHTLY'] === '1' ? 60 : 3;
const LAMPS = 3;
const PSK = 'Z2F0ZXdheS1zZWNyZXQ=';
const PACKAGE = Buffer.from('firmware 2');
const lamp = (index: number) => ({ ProductId: 'LAMP000001', DeviceName: `sub${index}` });
const gateway = { GatewayProductId: 'GATE000001', GatewayDeviceName: 'gate1' };
const firmware = { ProductID: 'LAMP000001', FirmwareVersion: '2.0' };

/** The same numbers in every run. */
function chance(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

/** One thing that an application does: which part of the state it is about, what that is afterwards, and the call. */
interface Act {
  readonly key: string;
  readonly value: unknown;
  run(call: TencentCall): Promise<object>;
}

/** What a part is before anything was done to it. */
const INITIAL: Readonly<Record<string, unknown>> = { bound: false, enabled: true, topic: false };

/** What applications know of the state: what was acknowledged, and what may have been done. */
class Known {
  readonly acknowledged = new Map<string, unknown>();
  underWay: Act | undefined;

  next(random: (below: number) => number): Act {
    const index = random(LAMPS);
    const [topic, isBound, isEnabled, level] = [`news${random(4)}`, this.acknowledged.get(`bound:${index}`) === true, this.acknowledged.get(`enabled:${index}`) !== false, random(101)];
    const tasks = [...this.acknowledged].filter(([key, value]) => key.startsWith('task:') && value === 'running');
    const [oldest] = tasks;
    const hasTopic = this.acknowledged.get(`topic:${topic}`) === true;
    const acts: readonly Act[] = [
      { key: `bound:${index}`, value: !isBound, run: (call) => call(isBound ? 'UnbindDevices' : 'BindDevices', { ...gateway, ProductId: 'LAMP000001', DeviceNames: [`sub${index}`] }) },
      { key: `enabled:${index}`, value: !isEnabled, run: (call) => call('UpdateDevicesEnableState', { DevicesItems: [lamp(index)], Status: isEnabled ? 0 : 1 }) },
      { key: `reported:${index}`, value: level, run: (call) => call('ControlDeviceData', { ...lamp(index), Data: JSON.stringify({ level }), Method: 'reported' }) },
      { key: 'control', value: level, run: (call) => call('ControlDeviceData', { ProductId: 'GATE000001', DeviceName: 'gate2', Data: JSON.stringify({ level }) }) },
      { key: `topic:${topic}`, value: !hasTopic, run: (call) => call(hasTopic ? 'DeleteTopicPolicy' : 'CreateTopicPolicy', { ProductId: 'LAMP000001', TopicName: topic, ...(hasTopic ? {} : { Privilege: 3 }) }) },
      oldest === undefined
        ? { key: 'task:', value: 'running', run: (call) => call('BatchUpdateFirmware', { ...firmware, DeviceNames: ['sub0', 'sub1'] }) }
        : { key: oldest[0], value: 'cancelled', run: (call) => call('UpdateOtaTaskStatus', { ProductId: 'LAMP000001', TaskId: Number(oldest[0].slice('task:'.length)), Status: 1 }) },
    ];
    return acts[random(acts.length)] as Act; // below their number
  }

  /** What the act did is sure now. */
  settle({ key, value }: Act, answer: object): void {
    this.underWay = undefined;
    this.acknowledged.set(key === 'task:' ? `task:${(answer as { readonly TaskId: number }).TaskId}` : key, value);
  }

  /** What a part may be. */
  allowed(key: string): readonly unknown[] {
    const before = this.acknowledged.has(key) ? this.acknowledged.get(key) : INITIAL[key.split(':')[0] ?? ''];
    return [before, ...(this.underWay?.key === key ? [this.underWay.value] : [])];
  }
}

/** What the platform says of a part of the state. */
async function read(call: TencentCall, mqttPort: number, key: string): Promise<unknown> {
  const [what = '', which = ''] = key.split(':');
  if (what === 'bound') return call('DescribeDeviceBindGateway', lamp(Number(which))).then(() => true, () => false);
  if (what === 'enabled') return ((await call('DescribeDevice', lamp(Number(which)))) as { readonly Device: { readonly EnableState: number } }).Device.EnableState === 1;
  if (what === 'reported') return (JSON.parse(((await call('DescribeDeviceData', lamp(Number(which)))) as { readonly Data: string }).Data) as { readonly level?: { readonly Value: number } }).level?.Value;
  if (what === 'topic') return ((await call('ListTopicPolicy', { ProductId: 'LAMP000001' })) as { readonly Topics: readonly { readonly TopicName: string }[] }).Topics.some(({ TopicName }) => TopicName.endsWith(`/${which}`));
  if (what === 'task') return ((await call('DescribeFirmwareTask', { ...firmware, TaskId: Number(which) })) as { readonly Status: number }).Status === 6 ? 'cancelled' : 'running';
  // What waits for a device that was never there, as it would be told.
  const { clientId, username, password } = tencentCredentials('GATE000001', 'gate2', { psk: PSK });
  const client = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { clientId, username, password, reconnectPeriod: 0 });
  try {
    await client.subscribeAsync('$thing/down/property/GATE000001/gate2');
    const told = happens(client, 'message');
    await client.publishAsync('$thing/up/property/GATE000001/gate2', JSON.stringify({ method: 'get_status', clientToken: 't' }));
    return (JSON.parse(String((await told)[1])) as { readonly data: { readonly control?: { readonly level: number } } }).data.control?.level;
  } finally {
    await client.endAsync(true);
  }
}

it(`What was acknowledged is there after each of ${KILLS} kills, and what was under way is whole or not there`, { timeout: 120_000 + KILLS * 60_000 }, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lianyun-kills-'));
  const known = new Known();
  try {
    const seed = path.join(folder, 'seed.json');
    await writeFile(seed, gatewaySeed(LAMPS));
    for (let life = 0; life <= KILLS; life++) {
      const random = chance(life + 1);
      await using program = lianyun(['up', '--mqtt', '0', '--http', '0', '--seed', seed, '--data', path.join(folder, 'data')]);
      const { mqtt, http } = JSON.parse(await program.line(/^\{/)) as { readonly mqtt: number; readonly http: number };
      const call = tencentClient(http);
      if (life === 0) {
        const { Url } = (await call('GetCOSURL', { ...firmware, FileSize: PACKAGE.length })) as { readonly Url: string };
        expect(await fetchUrl(Url, { method: 'PUT', body: PACKAGE })).toMatchObject({ status: 200 });
        await call('UploadFirmware', { ...firmware, FileSize: PACKAGE.length, Md5sum: createHash('md5').update(PACKAGE).digest('hex') });
      }
      const keys = new Set([...known.acknowledged.keys(), ...(known.underWay === undefined || known.underWay.key === 'task:' ? [] : [known.underWay.key])]);
      for (const key of keys) {
        const found = await read(call, mqtt, key);
        expect([life, key, known.allowed(key)]).toEqual([life, key, expect.arrayContaining([found])]);
        known.acknowledged.set(key, found);
      }
      known.underWay = undefined;
      if (life === KILLS) break;
      for (let left = 5 + random(20); left > 0; left--) {
        const act = known.next(random);
        known.settle(act, await act.run(call));
      }
      const last = known.next(random);
      known.underWay = last;
      const answer = last.run(call).then((given) => known.settle(last, given), () => undefined);
      for (let turns = random(8); turns > 0; turns--) await turn();
      program.kill('SIGKILL');
      await answer;
      await program.end();
    }
    expect(known.acknowledged.size).toBeGreaterThan(5);
  } finally {
    await rm(folder, { recursive: true });
  }
});
