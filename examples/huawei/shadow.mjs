// The shadow: what the cloud knows of this device and wants of it.
import { Device, huawei } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: deviceId = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const device = new Device({ dialect: huawei, server, identity: { deviceId, secret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));

await device.connect();
await device.properties.report({ service: 'light', values: { on: 1, brightness: 70 } }).delivered;

const { services } = await device.shadow.get({ service: 'light' });
for (const { service, reported, desired, version } of services) console.log(service, 'version', version, 'reported', JSON.stringify(reported ?? {}), 'desired', JSON.stringify(desired ?? {}));
await device.close({ drainMs: 2000 });
