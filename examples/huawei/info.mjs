// Device information: versions that the console shows.
import { Device, huawei } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: deviceId = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const device = new Device({ dialect: huawei, server, identity: { deviceId, secret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));

await device.connect();
// The name and version of this SDK are told as well, unless `sdk` says something else.
await device.info.report({ firmware: '1.4.2', software: '2.0.0', ip: '192.168.1.20' }).delivered;
console.log('delivered');
await device.close({ drainMs: 2000 });
