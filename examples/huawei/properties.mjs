// Properties: reports values, takes what the cloud sets, answers when it reads. Runs until Ctrl-C.
import { Device, huawei } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: deviceId = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const device = new Device({ dialect: huawei, server, identity: { deviceId, secret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

const lamp = { on: 0, brightness: 50, celsius: 21.5 };

// PUT /v5/iot/{project}/devices/lamp_1/properties: what is returned is the answer, what is thrown a failure with its text.
device.properties.onSet(async ({ groups }) => {
  for (const { values } of groups) Object.assign(lamp, values);
  console.log('set', JSON.stringify(lamp));
  await device.properties.report({ service: 'light', values: lamp }).delivered;
  return { code: 0, text: 'success' };
});

// GET /v5/iot/{project}/devices/lamp_1/properties?service_id=light: live values, which the shadow does not keep.
device.properties.onGet(() => [{ service: 'light', values: lamp, at: Date.now() }]);

await device.connect();
// `delivered` settles with the cloud's PUBACK; `at` is when the values were taken, for reports that had to wait.
await device.properties.report({ service: 'light', values: lamp, at: Date.now() }).delivered;
console.log('reported', JSON.stringify(lamp));
