import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { isLianyunError, LianyunError } from 'lianyun';
import { loadAccessKeys, Platform } from '@lianyun/platform';
import { Checklist, expect, StepFailed } from './checklist.ts';
import { NorthClient } from '../north-client.ts';
import { runTour, type Own, type Toured } from './tour.ts';
import { TraceView } from './trace-view.ts';

const HOST = '127.0.0.1';
const PROJECT = 'p1';

/** `npm start`: the platform, this machine as a thing on each cloud, and everything that is built going back and forth. */
export async function tour(options: { readonly once?: boolean }): Promise<number> {
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'lianyun-tour-'));
  const keys = loadAccessKeys(folder);
  const [huaweiKey, tencentKey] = [keys.huawei[0], keys.tencent[0]];
  if (huaweiKey === undefined || tencentKey === undefined || keys.file === undefined) throw new LianyunError('bad-config', 'No access keys could be made.');
  const platform = new Platform({ keys, projectId: PROJECT });
  const view = new TraceView(write, process.stdout.isTTY);
  platform.on('frame', (frame) => view.show(frame));
  platform.on('notice', ({ kind, text }) => write(`   ${kind}: ${text}`));
  const checklist = new Checklist(write);
  let things: Toured['things'] = [];
  try {
    const ports = await listen(platform, options.once === true);
    write(`The platform listens: MQTT ${HOST}:${ports.mqtt}, both clouds' APIs http://${HOST}:${ports.http}`);
    write('Every frame below went over the wire: ↑ from a device, ↓ to it, decoded by its row.');
    const north = new NorthClient({ url: `http://127.0.0.1:${ports.http}`, projectId: PROJECT, keys: { huawei: huaweiKey, tencent: tencentKey } });
    const toured = await runTour({ platform, north, server: `mqtt://${HOST}:${ports.mqtt}`, directory: folder, write }, checklist);
    things = toured.things;
    await checklist.step('Every frame was read by a row', async () => {
      expect(view.seen > 0 && view.unread === 0, `${view.unread} of ${view.seen} frames could not be read`);
      return Promise.resolve(`${view.seen} frames`);
    });
    write(`\n${checklist.summary()}\n`);
    if (options.once !== true) {
      write(invitation(ports, toured.own, keys.file));
      for (const thing of things) thing.start((error) => write(`   ${isLianyunError(error) ? error.message : String(error)}`));
      await new Promise<void>((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
      });
      write('\nGoing down.');
    }
    return 0;
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    write(`\n${checklist.summary()}\n\n${error.message}`);
    return 1;
  } finally {
    await Promise.all(things.map((thing) => thing.close()));
    await platform.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The usual ports, or any free ones where another program holds them. */
async function listen(platform: Platform, isOnce: boolean): Promise<{ readonly mqtt: number; readonly http: number }> {
  if (isOnce) return platform.listen({ host: HOST, mqtt: 0, http: 0 });
  return platform.listen({ host: HOST, mqtt: (await isFree(1883)) ? 1883 : 0, http: (await isFree(8080)) ? 8080 : 0 });
}

async function isFree(port: number): Promise<boolean> {
  const server = net.createServer();
  try {
    server.listen({ host: HOST, port });
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

function invitation(ports: { readonly mqtt: number; readonly http: number }, own: Own, keyFile: string): string {
  return `Connect a device of your own while this runs (these secrets live as long as this process):

  Huawei   server mqtt://${HOST}:${ports.mqtt}   deviceId ${own.huawei.deviceId}   secret ${own.huawei.secret}
  Tencent  server mqtt://${HOST}:${ports.mqtt}   productId ${own.tencent.productId}   deviceName ${own.tencent.deviceName}   deviceSecret ${own.tencent.deviceSecret}

  import { Device, huawei } from 'lianyun';
  const device = new Device({ dialect: huawei, server: 'mqtt://${HOST}:${ports.mqtt}', identity: { deviceId: '${own.huawei.deviceId}', secret: '${own.huawei.secret}' } });
  await device.connect();
  await device.properties.report({ service: 'machine', values: { load: 0.5, memory: 40, disk: 10, interval: 5 } }).delivered;

  The APIs are at http://${HOST}:${ports.http} (Huawei project ${PROJECT}); their access keys are in ${keyFile}
  Ctrl-C ends it.
`;
}
