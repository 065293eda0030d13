// Topics of your own, with wildcards: those that the product declares. Runs until Ctrl-C.
import { Device, tencent } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_PRODUCT_ID: productId = 'LAMP000001', LIANYUN_DEVICE_NAME: deviceName = 'lamp1' } = process.env;
const { LIANYUN_DEVICE_SECRET: deviceSecret = 'b25seS1hbi1leGFtcGxlIQ==' } = process.env;
const device = new Device({ dialect: tencent, server, identity: { productId, deviceName, deviceSecret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

// {ProductId}/{DeviceName}/control, event and data are there for every product.
device.topics.subscribe(`${productId}/${deviceName}/#`, ({ topic, payload }) => console.log(topic, payload.toString()));

await device.connect();
// Subscriptions are made anew after every reconnect; a publish waits in the outbox while there is no connection.
await device.topics.publish(`${productId}/${deviceName}/data`, JSON.stringify({ on: 1 }), { qos: 1 }).delivered;
console.log('published');
