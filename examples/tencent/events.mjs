// Events: tells the cloud what happened, also what happened before there was a connection.
import { Device, tencent } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_PRODUCT_ID: productId = 'LAMP000001', LIANYUN_DEVICE_NAME: deviceName = 'lamp1' } = process.env;
const { LIANYUN_DEVICE_SECRET: deviceSecret = 'b25seS1hbi1leGFtcGxlIQ==' } = process.env;
const device = new Device({ dialect: tencent, server, identity: { productId, deviceName, deviceSecret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));

// Not connected yet: an event waits in the outbox with the time at which it happened.
const { stored, delivered } = device.events.post({ name: 'overheated', severity: 'alert', params: { celsius: 98.5 } });
await stored;
console.log('stored');

await device.connect();
// `delivered` settles with the cloud's event_reply, and rejects when the template does not know the event.
await delivered;
// Several in one message: the cloud takes or refuses them together.
await device.events.post([90, 91].map((celsius) => ({ name: 'overheated', severity: 'alert', params: { celsius } }))).delivered;
console.log('delivered');
await device.close({ drainMs: 2000 });
