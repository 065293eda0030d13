// Files with versions that the cloud keeps up to date on this device: tells which it has, gets and removes what the cloud says, and puts one up. Runs until Ctrl-C.
import { mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Device, tencent } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_PRODUCT_ID: productId = 'LAMP000001', LIANYUN_DEVICE_NAME: deviceName = 'lamp1' } = process.env;
const { LIANYUN_DEVICE_SECRET: deviceSecret = 'b25seS1hbi1leGFtcGxlIQ==' } = process.env;
const device = new Device({ dialect: tencent, server, identity: { productId, deviceName, deviceSecret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

// What is there, by name: { version, type, file }. The list outlives the program.
const { LIANYUN_DIRECTORY: to = 'resources' } = process.env;
await mkdir(to, { recursive: true });
const list = path.join(to, 'versions.json');
const there = new Map(JSON.parse(await readFile(list, 'utf8').catch(() => '[]')));
const save = () => writeFile(list, JSON.stringify([...there]));

device.versionedResources.onUpdate(async (update) => {
  const { name, version, type, file } = await device.versionedResources.download(update, { to }).done;
  there.set(name, { version, type, file });
  await save();
  console.log('updated', name, version, file);
});

device.versionedResources.onRemove(async ({ name }) => {
  const { file } = there.get(name) ?? {};
  there.delete(name);
  await save();
  if (file !== undefined) await unlink(file);
  console.log('removed', name);
});

await device.connect();
await device.versionedResources.report([...there].map(([name, { version, type }]) => ({ name, version, type }))).delivered;
const { name, version, bytes } = await device.versionedResources.upload(import.meta.filename, { version: '1.0.0' }).done;
console.log('uploaded', name, version, bytes);
