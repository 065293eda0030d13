// The whole platform over a storage on disk: what is acknowledged to a device, and answered over HTTP, is stored.
import { createHmac } from 'node:crypto';
import { cpSync } from 'node:fs';
import { connectAsync, type MqttClient } from 'mqtt';
import type { LianyunError } from '@lianyun/protocol';
import { describe, expect, it } from 'vitest';
import { signHuawei } from '../north/huawei/signature.ts';
import { Platform } from '../platform.ts';
import { openStorage, type Storage } from './storage.ts';
import { Folder } from './storage.fixtures.ts';

const HOST = '127.0.0.1';
const KEY = { id: 'AK', secret: 'SK' };

class Running implements AsyncDisposable {
  readonly storage: Storage;
  readonly platform: Platform;
  readonly problems: LianyunError[] = [];
  readonly notices: string[] = [];
  port = 0;
  httpPort = 0;

  constructor(folder: Folder, limitBytes?: number) {
    this.storage = openStorage({ directory: folder.path, ...(limitBytes === undefined ? {} : { limitBytes }) });
    this.platform = new Platform({ keys: { huawei: [KEY], tencent: [] }, storage: this.storage });
    this.platform.on('problem', (problem) => this.problems.push(problem));
    this.platform.on('notice', ({ kind, text }) => this.notices.push(`${kind} ${text}`));
  }

  async start(): Promise<this> {
    ({ mqtt: this.port, http: this.httpPort } = await this.platform.listen({ host: HOST, mqtt: 0, http: 0 }));
    return this;
  }

  seed(): void {
    const { registry } = this.platform;
    registry.createProduct({ cloud: 'huawei', productId: 'p', name: 'p' });
    registry.createDevice({ cloud: 'huawei', productId: 'p', nodeId: 'd', secret: 'secret' });
    registry.createProduct({ cloud: 'tencent', productId: 'ABCDE12345', name: 'p' });
    registry.createDevice({ cloud: 'tencent', productId: 'ABCDE12345', nodeId: 'd', secret: 'c2VjcmV0' });
  }

  /** Creates a device over HTTP; resolves with the status. */
  async create(nodeId: string, description: string): Promise<number> {
    const body = Buffer.from(JSON.stringify({ node_id: nodeId, product_id: 'p', description }));
    const request = { method: 'POST', url: '/v5/iot/p1/devices', headers: { host: `${HOST}:${this.httpPort}`, 'content-type': 'application/json' }, body };
    const { host: _host, ...headers } = signHuawei(request, KEY, { at: Date.now() });
    return (await fetch(`http://${HOST}:${this.httpPort}${request.url}`, { method: 'POST', headers: { ...headers, connection: 'close' }, body })).status;
  }

  huawei(): Promise<MqttClient> {
    const hour = new Date().toISOString().replace(/[-T]|:.*/g, '');
    return connectAsync({ host: HOST, port: this.port, clientId: `p_d_0_0_${hour}`, username: 'p_d', password: createHmac('sha256', hour).update('secret').digest('hex'), keepalive: 60, reconnectPeriod: 0 });
  }

  async tencent(): Promise<MqttClient> {
    const username = `ABCDE12345d;21010406;aB3dE;${Math.floor(Date.now() / 1000) + 600}`;
    const password = `${createHmac('sha1', Buffer.from('c2VjcmV0', 'base64')).update(username).digest('hex')};hmacsha1`;
    const client = await connectAsync({ host: HOST, port: this.port, clientId: 'ABCDE12345d', username, password, keepalive: 60, reconnectPeriod: 0 });
    await client.subscribeAsync('$thing/down/property/ABCDE12345/d');
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.platform.close();
    await this.storage.close();
  }
}

const report = (x: number | string) => JSON.stringify({ services: [{ service_id: 's', properties: { x } }] });
const publish = (client: MqttClient, x: number | string) => client.publishAsync('$oc/devices/p_d/sys/properties/report', report(x), { qos: 1 });

/** The files as they are now: what a crash at this moment would leave. */
function crashed(folder: Folder): Folder {
  const copy = new Folder();
  cpSync(folder.path, copy.path, { recursive: true });
  return copy;
}

async function reportedIn(folder: Folder, cloud: 'huawei' | 'tencent', device: string): Promise<unknown> {
  await using storage = openStorage({ directory: folder.path });
  return storage.twins.read(cloud, device)[0]?.reported?.values;
}

describe('an uplink', () => {
  it('at QoS 1 is in the files when its PUBACK has come', async () => {
    using folder = new Folder();
    await using running = await new Running(folder).start();
    running.seed();
    const client = await running.huawei();
    for (let x = 0; x < 3; x++) {
      await publish(client, x);
      using copy = crashed(folder);
      expect(await reportedIn(copy, 'huawei', 'p_d')).toEqual({ x });
    }
    await client.endAsync();
  });

  it('of Tencent is in the files when report_reply has come', async () => {
    using folder = new Folder();
    await using running = await new Running(folder).start();
    running.seed();
    const client = await running.tencent();
    const reply = new Promise<string>((resolve) => client.once('message', (_topic, payload) => resolve(payload.toString())));
    await client.publishAsync('$thing/up/property/ABCDE12345/d', JSON.stringify({ method: 'report', clientToken: 't1', timestamp: Date.now(), params: { on: 1 } }));
    expect(JSON.parse(await reply)).toMatchObject({ method: 'report_reply', clientToken: 't1', code: 0 });
    using copy = crashed(folder);
    expect(await reportedIn(copy, 'tencent', 'ABCDE12345/d')).toEqual({ on: 1 });
    await client.endAsync();
  });

  it('that cannot be stored is not acknowledged: the connection is closed, the platform says so and lives on', async () => {
    using folder = new Folder();
    const first = new Running(folder);
    first.seed();
    await first[Symbol.asyncDispose]();
    await using running = await new Running(folder, 1).start();
    const client = await running.huawei();
    client.on('error', () => undefined);
    const isClosed = new Promise<boolean>((resolve) => client.once('close', () => resolve(true)));
    let isAcknowledged = false;
    void publish(client, 'x'.repeat(60_000)).then(() => { isAcknowledged = true; }, () => undefined);
    expect(await isClosed).toBe(true);
    expect(isAcknowledged).toBe(false);
    expect(running.problems).toMatchObject([{ code: 'storage-failed', canRetry: true, message: expect.stringMatching(/cannot grow: the disk is full/) }]);
    expect(running.notices).toEqual([expect.stringMatching(/^intake-failed .*cannot grow/)]);
    // What fits is taken.
    const again = await running.huawei();
    await publish(again, 7);
    expect(running.platform.twins.read('huawei', 'p_d')[0]?.reported?.values).toEqual({ x: 7 });
    await again.endAsync();
  });
});

describe('an answer over HTTP', () => {
  it('comes when what it says is in the files, and is an error when it cannot be', async () => {
    using folder = new Folder();
    {
      await using running = await new Running(folder).start();
      running.seed();
      expect(await running.create('n1', '')).toBe(201);
      using copy = crashed(folder);
      await using storage = openStorage({ directory: copy.path });
      expect(storage.registryStore.device('huawei', 'p_n1')).toBeDefined();
    }
    await using running = await new Running(folder, 1).start();
    const statuses: number[] = [];
    for (let each = 0; each < 40 && statuses.at(-1) !== 500; each++) statuses.push(await running.create(`m${each}`, 'x'.repeat(2000)));
    expect(statuses.at(-1)).toBe(500);
    expect(running.platform.registry.findDevice('huawei', `m${statuses.length - 1}`)).toBeUndefined();
    expect(running.platform.registry.listDevices({ cloud: 'huawei', limit: 100 }).total).toBe(2 + statuses.length - 1);
  });
});

describe('a platform over a folder', () => {
  it('has products, devices and twins again after a restart', async () => {
    using folder = new Folder();
    const first = await new Running(folder).start();
    first.seed();
    const client = await first.huawei();
    await publish(client, 1);
    await client.endAsync();
    await first[Symbol.asyncDispose]();
    await using second = await new Running(folder).start();
    const again = await second.huawei();
    await publish(again, 2);
    expect(second.platform.registry.device('huawei', 'p_d').activatedAt).toBeTypeOf('number');
    const { points } = second.storage.history.query({ cloud: 'huawei', device: 'p_d', service: 's', property: 'x', from: 0, to: Date.now() + 1000, limit: 9 });
    expect(points.map(({ value }) => value)).toEqual([2, 1]);
    await again.endAsync();
  });
});
