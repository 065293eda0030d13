// Properties: reports values, takes what the cloud sets, also what it wanted while the device was away. Runs until Ctrl-C.
import { Device, tencent } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_PRODUCT_ID: productId = 'LAMP000001', LIANYUN_DEVICE_NAME: deviceName = 'lamp1' } = process.env;
const { LIANYUN_DEVICE_SECRET: deviceSecret = 'b25seS1hbi1leGFtcGxlIQ==' } = process.env;
const device = new Device({ dialect: tencent, server, identity: { productId, deviceName, deviceSecret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

const lamp = { on: 0, brightness: 50, celsius: 21.5 };

// ControlDeviceData: what is returned goes back as control_reply. What waited for an offline device comes here too, once it is online.
device.properties.onSet(async ({ groups }) => {
  for (const { values } of groups) Object.assign(lamp, values);
  console.log('set', JSON.stringify(lamp));
  await device.properties.report({ values: lamp }).delivered;
  return { code: 0, text: 'success' };
});

await device.connect();
// `delivered` settles with the cloud's report_reply, and rejects when the cloud refuses a value, with its code and text.
await device.properties.report({ values: lamp, at: Date.now() }).delivered;
console.log('reported', JSON.stringify(lamp));
