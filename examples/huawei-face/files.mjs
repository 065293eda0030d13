// A file goes up and comes back, in the words of Huawei's own SDK; without a listener of its own the SDK transfers it.
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { IotDevice } from 'lianyun/huawei';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: id = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example', LIANYUN_DIRECTORY: directory = os.tmpdir() } = process.env;
const { hostname: serverUri, port } = new URL(server);
const device = new IotDevice({ connectAuthInfo: { id, secret, serverUri, port: Number(port) } });
device.device.on('problem', (problem) => console.error('problem:', problem.message));

/** A listener that resolves. */
const done = (start) => new Promise((onSuccess, reject) => start({ onSuccess, onFailure: (message, error) => reject(error) }));

if ((await device.connect()) !== 0) process.exit(1);
const files = device.getFileManagerService();
const copy = path.join(directory, 'copy-of-files.mjs');
await done((listener) => files.uploadFile('lamp.mjs', import.meta.filename, null, listener));
console.log('uploaded');
await done((listener) => files.downloadFile('lamp.mjs', copy, null, listener));
console.log((await readFile(copy)).equals(await readFile(import.meta.filename)) ? 'downloaded the same' : 'downloaded something else');
await device.destroy();
