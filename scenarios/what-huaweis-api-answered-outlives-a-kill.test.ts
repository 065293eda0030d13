// `lianyun up --data` is killed while applications are at work: whatever was answered is there when it is back, and what waited goes on.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Device, huawei, provision } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { SEED } from './support/clouds.ts';
import { lianyun, type Program } from './support/program.ts';
import { huaweiClient, type HuaweiCall } from './support/vendor-clients.ts';

const GROUP_SECRET = Buffer.alloc(32, 5).toString('base64');
const LAMP = { device_id: 'lamp_1' };
/** After how many answers each life ends. */
const LIVES = [5, 26];

interface Ports {
  readonly mqtt: number;
  readonly http: number;
}

const start = (seed: string, data: string): Program => lianyun(['up', '--mqtt', '0', '--http', '0', '--seed', seed, '--data', data]);
const portsOf = async (program: Program): Promise<Ports> => JSON.parse(await program.line(/^\{"ready"/)) as Ports;

/** What the API said that there is. */
class Answered {
  readonly groups: string[] = [];
  readonly tags: string[] = [];
  readonly commands: string[] = [];
  readonly tasks: string[] = [];

  get size(): number {
    return this.groups.length + this.tags.length + this.commands.length + this.tasks.length;
  }

  /** One application's work until its requests fail. */
  async fill(call: HuaweiCall, life: number, onAnswer: () => void): Promise<void> {
    const work: readonly (() => Promise<void>)[] = [
      async () => {
        const { group_id } = (await call('POST', '/device-group', { body: { name: `g${life}-${this.groups.length}` } })) as { readonly group_id: string };
        this.groups.push(group_id);
      },
      async () => {
        const key = `k${this.tags.length % 10}`;
        const tag_value = `${life}-${this.tags.length}`;
        await call('POST', '/tags/bind-resource', { body: { resource_type: 'device', resource_id: 'lamp_2', tags: [{ tag_key: key, tag_value }] } });
        this.tags.push(`${key}=${tag_value}`);
      },
      async () => {
        if (this.commands.length === 20) return;
        const { command_id } = (await call('POST', '/devices/{device_id}/async-commands', { path: LAMP, body: { service_id: 'light', command_name: 'blink', paras: { times: 1 } } })) as { readonly command_id: string };
        this.commands.push(command_id);
      },
      async () => {
        const { task_id } = (await call('POST', '/batchtasks', { body: { task_name: 't', task_type: 'updateDevices', targets: ['lamp_1', 'lamp_2'], document: { description: `${life}-${this.tasks.length}` } } })) as { readonly task_id: string };
        this.tasks.push(task_id);
      },
    ];
    for (;;) {
      for (const each of work) {
        await each();
        onAnswer();
      }
    }
  }
}

describe('A platform that is killed', () => {
  it('has what its API answered when it is back, finishes what it began, and brings what waits', { timeout: 120_000 }, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'lianyun-kill-'));
    try {
      const [seed, data] = [path.join(folder, 'seed.json'), path.join(folder, 'data')];
      await writeFile(seed, JSON.stringify({ huawei: { ...SEED.huawei, provisioning: { groups: [{ scope_id: 'line1', product_id: 'lamp', secret: GROUP_SECRET }] } } }));
      const answered = new Answered();
      for (const [life, most] of LIVES.entries()) {
        await using program = start(seed, data);
        const { http } = await portsOf(program);
        const before = answered.size;
        // Which request is under way then is chance.
        await answered.fill(huaweiClient(http), life, () => {
          if (answered.size - before >= most) program.kill('SIGKILL');
        }).catch(() => undefined);
        expect(await program.end()).toMatchObject({ signal: 'SIGKILL' });
        expect(answered.size - before).toBeGreaterThanOrEqual(most);
      }

      await using program = start(seed, data);
      const { http, mqtt } = await portsOf(program);
      const call = huaweiClient(http);
      for (const group_id of answered.groups) expect(await call('GET', '/device-group/{group_id}', { path: { group_id } })).toMatchObject({ group_id });
      const { tags } = (await call('GET', '/devices/{device_id}', { path: { device_id: 'lamp_2' } })) as { readonly tags: readonly { readonly tag_key: string; readonly tag_value: string }[] };
      const last = new Map(answered.tags.map((tag) => tag.split('=') as [string, string]));
      // The one that was being tied when it was killed may be there or not.
      for (const { tag_key: key, tag_value } of tags) if (key !== `k${answered.tags.length % 10}`) expect([key, tag_value]).toEqual([key, last.get(key)]);
      for (const task_id of answered.tasks) {
        for (;;) {
          const { batchtask } = (await call('GET', '/batchtasks/{task_id}', { path: { task_id } })) as { readonly batchtask: { readonly status: string } };
          if (batchtask.status === 'Success') break;
          expect(batchtask.status).toBe('Processing');
        }
      }

      const server = `mqtt://127.0.0.1:${mqtt}`;
      const device = new Device({ dialect: huawei, server, identity: { deviceId: 'lamp_1', secret: 'secret-of-lamp-1' } });
      device.commands.handle('blink', () => ({}));
      await device.connect();
      for (const command_id of answered.commands) {
        for (;;) {
          const { status } = (await call('GET', '/devices/{device_id}/async-commands/{command_id}', { path: { ...LAMP, command_id } })) as { readonly status: string };
          if (status === 'SUCCESSFUL') break;
          expect(['PENDING', 'SENT', 'DELIVERED']).toContain(status);
        }
      }
      await device.close();
      // What the seed says of provisioning counts for the program as for a test's platform.
      const { options } = await provision({ identity: { deviceId: 'lamp_new', scopeId: 'line1', groupSecret: GROUP_SECRET }, server });
      expect(options.server).toBe(server);
      expect(await call('GET', '/devices/{device_id}', { path: { device_id: 'lamp_new' } })).toMatchObject({ product_id: 'lamp' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
