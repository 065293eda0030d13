// Messages without a model, both ways: bytes in a protocol of your own. Runs until Ctrl-C.
import { Device, tencent } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_PRODUCT_ID: productId = 'LAMP000001', LIANYUN_DEVICE_NAME: deviceName = 'lamp1' } = process.env;
const { LIANYUN_DEVICE_SECRET: deviceSecret = 'b25seS1hbi1leGFtcGxlIQ==' } = process.env;
const device = new Device({ dialect: tencent, server, identity: { productId, deviceName, deviceSecret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

// PublishMessage to $thing/down/raw/{ProductId}/{DeviceName}; the subscription is made when a handler is registered.
device.messages.onMessage(async ({ bytes }) => {
  console.log('bytes', Buffer.from(bytes).toString('hex'));
  await device.messages.send({ bytes }).delivered;
});

await device.connect();
await device.messages.send({ bytes: Buffer.from([0x01, 0x02, 0x03]) }).delivered;
console.log('sent');
