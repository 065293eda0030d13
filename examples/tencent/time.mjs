// The cloud's time, for a machine whose own clock may be wrong.
import { Device, tencent } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_PRODUCT_ID: productId = 'LAMP000001', LIANYUN_DEVICE_NAME: deviceName = 'lamp1' } = process.env;
const { LIANYUN_DEVICE_SECRET: deviceSecret = 'b25seS1hbi1leGFtcGxlIQ==' } = process.env;
const device = new Device({ dialect: tencent, server, identity: { productId, deviceName, deviceSecret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));

await device.connect();
// From here on the device signs in and dates its events with the measured offset; the machine's clock is not touched.
const { offsetMs, roundTripMs } = await device.time.sync({ deadlineMs: 5000 });
console.log(`offset ${offsetMs} ms, round trip ${roundTripMs} ms, cloud time ${new Date(Date.now() + offsetMs).toISOString()}`);
await device.close({ drainMs: 2000 });
