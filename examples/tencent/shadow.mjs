// The state that the cloud keeps: get_status, and clear_control for what was wanted while the device was away.
import { Device, tencent } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_PRODUCT_ID: productId = 'LAMP000001', LIANYUN_DEVICE_NAME: deviceName = 'lamp1' } = process.env;
const { LIANYUN_DEVICE_SECRET: deviceSecret = 'b25seS1hbi1leGFtcGxlIQ==' } = process.env;
const device = new Device({ dialect: tencent, server, identity: { productId, deviceName, deviceSecret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));

await device.connect();
await device.properties.report({ values: { on: 1, brightness: 70 } }).delivered;

// With a handler in properties.onSet() this happens by itself at every connect; here it is done by hand.
const state = await device.shadow.get();
for (const { reported, desired } of state.services) {
  console.log('reported', JSON.stringify(reported ?? {}), 'desired', JSON.stringify(desired ?? {}));
  if (desired === undefined || Object.keys(desired).length === 0) continue;
  await device.properties.report({ values: desired }).delivered;
  await device.shadow.clear(state);
  console.log('cleared');
}
await device.close({ drainMs: 2000 });
