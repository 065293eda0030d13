// In the words of Tencent's own SDK: a device that wakes, reports over HTTP, and sleeps again, without a connection.
import path from 'node:path';
import { QcloudExplorer } from 'lianyun/tencent';

const { LIANYUN_API: api = 'http://127.0.0.1:8080', LIANYUN_DEVICE_FILE: file = path.join(import.meta.dirname, '../files/device_info.json') } = process.env;
const te = new QcloudExplorer(file, false);
const topic = `$thing/up/property/${te.getProductID()}/${te.getDeviceName()}`;

const [rc, answer] = await te.httpDevice(topic, { method: 'report', clientToken: 'wake-1', params: { celsius: 19.5 } }, 1, 10, `${api}/device/publish`);
console.log(rc === 0 ? 'reported' : `refused: ${answer}`);
