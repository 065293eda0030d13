import { expect, it } from 'vitest';
import { CLOUDS, type Cloud, type Lamp } from './support/clouds.ts';
import { describeForeign } from './support/foreign.ts';
import { Program } from './support/program.ts';
import { Rig } from './support/rig.ts';

const VERSIONS = { mqttv31: 3, mqttv311: 4 } as const;
const CASES = CLOUDS.flatMap((cloud) => (['mqttv31', 'mqttv311'] as const).map((version) => ({ cloud, version, name: `${cloud.name}, ${version}` })));

describeForeign(['mosquitto_pub', 'mosquitto_sub'], 'The mosquitto clients', (pub, sub) => {
  function start(program: string, rig: Rig, { cloud, version, lamp = 1, password = cloud.credentials(lamp).password }: { cloud: Cloud; version: string; lamp?: Lamp; password?: string }, ...args: string[]): Program {
    const { clientId, username } = cloud.credentials(lamp);
    return new Program(program, ['-h', '127.0.0.1', '-p', String(rig.mqttPort), '-V', version, '-i', clientId, '-u', username, '-P', password, ...args]);
  }

  it.each(CASES)('sign in and report ($name)', async ({ cloud, version }) => {
    await using rig = await Rig.open();
    const versions: number[] = [];
    rig.platform.on('online', ({ device }) => versions.push(rig.platform.access.client(cloud.name, device)?.version ?? 0));
    await using report = start(pub, rig, { cloud, version }, '-q', '1', '-t', cloud.topics.report(1), '-m', cloud.reportText({ level: 3 }));
    expect(await report.end()).toEqual({ code: 0, signal: null });
    expect(versions).toEqual([VERSIONS[version]]);
    expect(await rig.reported(cloud, 1)).toEqual({ level: 3 });
    expect(rig.problems.all).toEqual([]);
  });

  it.each(CASES)('get what the API sends them ($name)', async ({ cloud, version }) => {
    await using rig = await Rig.open();
    await using listener = start(sub, rig, { cloud, version }, '-v', '-C', '1', '-t', cloud.topics.everything(1), '-t', cloud.topics.everything(2));
    // What it prints comes when its buffer is full. The refusal of the second filter shows that the first is subscribed: they come in one packet.
    await rig.notices.first(({ kind }) => kind === 'forbidden-subscribe');
    const call = rig.blink(cloud, 1, 3);
    expect(await listener.end()).toMatchObject({ code: 0 });
    const line = listener.stdout.all.find((each) => each.startsWith('$'));
    expect(line).toMatch(cloud.name === 'huawei' ? /^\$oc\/devices\/lamp_1\/sys\/commands\/request_id=\S+ \{/ : /^\$thing\/down\/action\/LAMP000001\/lamp1 \{/);
    expect(JSON.parse(line?.slice(line.indexOf('{')) ?? '')).toMatchObject(
      cloud.name === 'huawei' ? { command_name: 'blink', service_id: 'light', paras: { times: 3 } } : { method: 'action', actionId: 'blink', params: { times: 3 } },
    );
    await call;
  });

  it.each(CASES)("are refused another device's topics ($name)", async ({ cloud, version }) => {
    await using rig = await Rig.open();
    // MQTT 3 acknowledges what it drops.
    await using report = start(pub, rig, { cloud, version }, '-q', '1', '-t', cloud.topics.report(2), '-m', cloud.reportText({ level: 3 }));
    expect(await report.end()).toMatchObject({ code: 0 });
    expect(await rig.reported(cloud, 2)).toEqual({});
    await using listener = start(sub, rig, { cloud, version }, '-t', cloud.topics.everything(2));
    await listener.end();
    expect(listener.stderr.all).toEqual(['All subscription requests were denied.']);
    expect(rig.notices.all.map(({ kind }) => kind)).toEqual(['forbidden-publish', 'forbidden-subscribe']);
  });

  it.each(CASES)('are refused with a wrong password ($name)', async ({ cloud, version }) => {
    await using rig = await Rig.open();
    await using report = start(pub, rig, { cloud, version, password: 'wrong' }, '-q', '1', '-t', cloud.topics.report(1), '-m', cloud.reportText({ level: 3 }));
    expect(await report.end()).toMatchObject({ code: 4 });
    expect(report.stderr.all[0]).toContain('bad user name or password');
    expect(await rig.reported(cloud, 1)).toEqual({});
  });
});
