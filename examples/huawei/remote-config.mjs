// The configuration that the cloud gives this device: takes it, or says why not. Runs until Ctrl-C.
import { Device, huawei } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: deviceId = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const device = new Device({ dialect: huawei, server, identity: { deviceId, secret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

// What is not answered is given again: at the next connect, or a day later.
device.remoteConfig.onUpdate(({ content }) => {
  if (typeof content?.interval !== 'number') return { code: 1, text: 'interval is no number' };
  console.log('configuration', JSON.stringify(content));
});

await device.connect();
console.log('ready');
