// Device information: versions, hardware and place that the console shows.
import { Device, tencent } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_PRODUCT_ID: productId = 'LAMP000001', LIANYUN_DEVICE_NAME: deviceName = 'lamp1' } = process.env;
const { LIANYUN_DEVICE_SECRET: deviceSecret = 'b25seS1hbi1leGFtcGxlIQ==' } = process.env;
const device = new Device({ dialect: tencent, server, identity: { productId, deviceName, deviceSecret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));

await device.connect();
await device.info.report({ firmware: '1.4.2', hardware: 'ESP8266', module: 'V1.0', imei: '11-22-33-44', latitude: '22.546015', longitude: '113.941125', labels: { floor: '2' } }).delivered;
console.log('delivered');
await device.close({ drainMs: 2000 });
