// The configuration that the cloud keeps for the product: asked for, and taken when it changes. Runs until Ctrl-C.
import { Device, tencent } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_PRODUCT_ID: productId = 'LAMP000001', LIANYUN_DEVICE_NAME: deviceName = 'lamp1' } = process.env;
const { LIANYUN_DEVICE_SECRET: deviceSecret = 'b25seS1hbi1leGFtcGxlIQ==' } = process.env;
const device = new Device({ dialect: tencent, server, identity: { productId, deviceName, deviceSecret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

device.remoteConfig.onUpdate(({ content }) => console.log('changed', JSON.stringify(content)));

await device.connect();
try {
  console.log('configuration', JSON.stringify(await device.remoteConfig.get()));
} catch (error) {
  // Remote configuration is switched off for the product, until somebody sets one.
  if (error.code !== 'refused') throw error;
  console.log('none:', error.message);
}
