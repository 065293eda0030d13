// Files that the cloud keeps for this device: puts one up, and gets what the cloud offers. Runs until Ctrl-C.
import { Device, tencent } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_PRODUCT_ID: productId = 'LAMP000001', LIANYUN_DEVICE_NAME: deviceName = 'lamp1' } = process.env;
const { LIANYUN_DEVICE_SECRET: deviceSecret = 'b25seS1hbi1leGFtcGxlIQ==' } = process.env;
const device = new Device({ dialect: tencent, server, identity: { productId, deviceName, deviceSecret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

const { LIANYUN_DIRECTORY: to = 'resources' } = process.env;
device.resources.onOffer(async (offer) => {
  const { file } = await device.resources.download(offer, { to }).done;
  console.log('downloaded', file);
});

await device.connect();
const { name, bytes } = await device.resources.upload(import.meta.filename).done;
console.log('uploaded', name, bytes);
