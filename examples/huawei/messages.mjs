// Messages without a model, both ways: JSON in the system format, or any bytes. Runs until Ctrl-C.
import { Device, huawei } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: deviceId = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const device = new Device({ dialect: huawei, server, identity: { deviceId, secret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

// POST /v5/iot/{project}/devices/lamp_1/messages. Messages for an offline device wait for it, a day at most.
device.messages.onMessage(async (message) => {
  if ('bytes' in message) {
    console.log('bytes', Buffer.from(message.bytes).toString('hex'));
    await device.messages.send({ bytes: message.bytes }).delivered;
  } else {
    console.log('message', message.name, JSON.stringify(message.content));
    await device.messages.send({ name: 'echo', content: message.content }).delivered;
  }
});

await device.connect();
await device.messages.send({ name: 'hello', content: { from: deviceId } }).delivered;
console.log('sent');
