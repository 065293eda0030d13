// Files: puts one into the cloud's storage and gets it back, in pieces and by signed URLs; size and SHA-256 are checked on both ways.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Device, huawei } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: deviceId = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const device = new Device({ dialect: huawei, server, identity: { deviceId, secret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
await device.connect();

// A path, or bytes with a name. What is lost on the way is tried again; the cloud is told what came of it.
const upload = device.files.upload(import.meta.filename, { name: 'lamp.mjs' });
upload.on('retry', ({ error, inMs }) => console.error('once more in', inMs, 'ms:', error.message));
const { object, bytes } = await upload.done;
console.log('uploaded', object, bytes);

const directory = await mkdtemp(join(tmpdir(), 'lianyun-example-'));
const download = device.files.download('lamp.mjs', { to: directory });
for await (const progress of download) console.log('has', progress.bytes, 'of', progress.total ?? 'who knows');
const { file } = await download.done;
console.log('downloaded', (await readFile(file)).equals(await readFile(import.meta.filename)) ? 'the same' : 'another');
await rm(directory, { recursive: true });
await device.close({ drainMs: 2000 });
