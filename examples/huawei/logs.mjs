// The device's log: sends lines of it while the cloud wants them. Runs until Ctrl-C.
import { Device, huawei } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: deviceId = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const device = new Device({ dialect: huawei, server, identity: { deviceId, secret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

// What the cloud wants from now on.
device.logs.onConfig(({ on }) => console.log('logs', on ? 'on' : 'off'));
// Connects, and why a connection was lost, as the vendor's own SDKs log them.
device.logs.reportConnections();

await device.connect();
// Until the cloud switches logs off; a receipt fails with `switched-off` from then on.
await device.logs.report({ type: 'DEVICE_STATUS', content: 'the lamp is warm' }).delivered;
console.log('sent');
