import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AbstractService, CommandRsp, IotDevice, Property } from 'lianyun/huawei';
import { SEED } from './support/clouds.ts';
import { authOf, told } from './support/huawei-program.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const [LAMP] = SEED.huawei.devices;

class Light extends AbstractService {
  readonly level = new Property({ val: 1, fieldName: 'level', propName: 'level' });

  constructor() {
    super();
    this.defineProperties(this.level);
    this.command2method = { blink: 'blink' };
  }

  blink(paras: Readonly<Record<string, unknown>>): Promise<CommandRsp> {
    return Promise.resolve(new CommandRsp({ responseName: 'blinked', paras: { times: Number(paras['times']) } }));
  }
}

let rig: Rig;
let device: IotDevice;
let folder: string;

beforeEach(async () => {
  rig = await Rig.open();
  folder = await mkdtemp(path.join(os.tmpdir(), 'lianyun-face-'));
  device = new IotDevice({ connectAuthInfo: authOf(rig) });
});

afterEach(async () => {
  await device.destroy();
  await rig[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const url = `/devices/${LAMP.device_id}`;
const shadow = async (): Promise<unknown> => (await rig.huawei('GET', `${url}/shadow`)).body;

describe('A program in the words of Huawei’s own SDK', () => {
  it('defines a service once, and sets, gets, commands and reports follow', async () => {
    const light = new Light();
    device.addService('light', light);
    expect(await device.connect()).toBe(0);
    expect(await rig.huawei('POST', `${url}/commands`, { service_id: 'light', command_name: 'blink', paras: { times: 2 } })).toMatchObject({ body: { response: { result_code: 0, response_name: 'blinked', paras: { times: 2 } } } });
    expect(await rig.huawei('PUT', `${url}/properties`, { services: [{ service_id: 'light', properties: { level: 7 } }] })).toMatchObject({ body: { response: { result_code: 0, result_desc: 'Success' } } });
    expect(light.level.val).toBe(7);
    // What was set is reported before the answer.
    expect(await shadow()).toMatchObject({ shadow: [{ service_id: 'light', reported: { properties: { level: 7 } } }] });
    expect(await rig.huawei('GET', `${url}/properties?service_id=light`)).toMatchObject({ body: { response: { services: [{ service_id: 'light', properties: { level: 7 } }] } } });
    expect(await rig.huawei('PUT', `${url}/properties`, { services: [{ service_id: 'light', properties: { label: 'x' } }] })).toMatchObject({ body: { response: { result_code: -1, result_desc: 'property not found or not writeable: label' } } });
  });

  it('uploads a file and gets it back without a listener of its own, and twice under one name', async () => {
    const source = path.join(folder, 'report.txt');
    await writeFile(source, 'first');
    await device.connect();
    const files = device.getFileManagerService();
    for (const content of ['first', 'second']) {
      await writeFile(source, content);
      const up = told();
      files.uploadFile('report.txt', source, null, up.listener);
      await up.outcome;
      const down = told();
      const target = path.join(folder, `copy of ${content}.txt`);
      files.downloadFile('report.txt', target, null, down.listener);
      await down.outcome;
      expect(await readFile(target, 'utf8')).toBe(content);
    }
    expect(() => files.uploadFile('gone.txt', path.join(folder, 'gone.txt'))).toThrow('There is no file');
    const missing = told();
    files.downloadFile('never-there.txt', path.join(folder, 'never'), null, missing.listener);
    await expect(missing.outcome).rejects.toThrow();
    await expect(stat(path.join(folder, 'never'))).rejects.toThrow();
  });

  it('hears once that its connection was lost, and when it is made again', async () => {
    const seen = new Log<string>();
    device.addConnectListener({ connectComplete: (again) => seen.add(`complete ${again}`), connectionLost: () => seen.add('lost') });
    await device.connect();
    // A second client of the same device takes the connection over once.
    const other = new IotDevice({ connectAuthInfo: { id: LAMP.device_id, secret: LAMP.secret, serverUri: '127.0.0.1', port: rig.mqttPort, reconnectOnFailure: false } });
    expect(await other.connect()).toBe(0);
    await seen.first((each) => each === 'complete true');
    await other.destroy();
    await device.destroy();
    expect(seen.all).toEqual(['complete false', 'lost', 'complete true', 'lost']);
  });

  it('subscribes a topic of its own with a wildcard, through a listener or a function', async () => {
    await device.connect();
    const seen = new Log<string>();
    const client = device.getClient();
    client.subscribeTopic(`$oc/devices/${LAMP.device_id}/user/+`, 1, { onMessageReceived: ({ topic, payload }) => seen.add(`${topic.split('/').at(-1) ?? ''} ${payload.toString()}`) });
    const subscribed = async (): Promise<number> => (await rig.huawei('POST', `${url}/messages`, { message: 'hi', topic: 'news', payload_format: 'raw' })).status;
    expect(await subscribed()).toBe(201);
    expect(await seen.first(() => true)).toBe('news hi');
  });
});
