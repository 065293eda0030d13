// Calls of bytes that the cloud waits for (RRPC): CallDeviceRRPCSync and PublishRRPCMessage. Runs until Ctrl-C.
import { Device, tencent } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_PRODUCT_ID: productId = 'LAMP000001', LIANYUN_DEVICE_NAME: deviceName = 'lamp1' } = process.env;
const { LIANYUN_DEVICE_SECRET: deviceSecret = 'b25seS1hbi1leGFtcGxlIQ==' } = process.env;
const device = new Device({ dialect: tencent, server, identity: { productId, deviceName, deviceSecret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

device.rpc.onCall(async ({ text }) => {
  console.log('called', text);
  return text.toUpperCase();
});

await device.connect();
console.log('ready');
