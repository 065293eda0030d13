// Events: tells the cloud what happened, also what happened before there was a connection.
import { Device, huawei } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: deviceId = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const device = new Device({ dialect: huawei, server, identity: { deviceId, secret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));

// Not connected yet: an event waits in the outbox with the time at which it happened.
const { stored, delivered } = device.events.post({ service: 'light', name: 'overheated', params: { celsius: 98.5 } });
await stored;
console.log('stored');

await device.connect();
await delivered;
console.log('delivered');
await device.close({ drainMs: 2000 });
