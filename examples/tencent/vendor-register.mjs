// In the words of Tencent's own SDK: a device that knows only the secret of its product registers itself, once, and connects with what it got.
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { QcloudExplorer } from 'lianyun/tencent';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_API: api = 'http://127.0.0.1:8080', LIANYUN_DIRECTORY: directory = 'registered' } = process.env;
// The registration writes the secret into the file that the device was delivered with, so the example works on a copy.
const file = path.join(directory, 'device_info.json');
mkdirSync(directory, { recursive: true });
if (!existsSync(file)) copyFileSync(path.join(import.meta.dirname, '../files/new_device_info.json'), file);

const te = new QcloudExplorer(file, false, null, server);
if (JSON.parse(readFileSync(file, 'utf8')).key_deviceinfo.deviceSecret === 'YOUR_DEVICE_SECRET') {
  // Without a second parameter it asks Tencent's cloud; a path that ends in /register/dev is the older API.
  const [rc, text] = await te.dynregDevice(10, `${api}/device/register`);
  if (rc !== 0) throw new Error(`not registered: ${text}`);
  console.log('registered', te.getProductID(), te.getDeviceName());
}

te.registerMqttCallback(async () => {
  console.log('connected');
  await te.disconnect();
});
te.connect();
