// Rules that the cloud gives and this device runs itself, with or without a connection. Runs until Ctrl-C.
import { Device, huawei } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: deviceId = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const device = new Device({ dialect: huawei, server, identity: { deviceId, secret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

// A rule that is met calls the same handler as the cloud does.
device.commands.handle('blink', ({ args }) => {
  console.log('blink', args.times);
  return { blinked: args.times };
});
// With { file: 'rules.json' } they are there after a restart, before there is a connection.
device.rules.start({ timeZone: 'Asia/Shanghai' });

await device.connect();
console.log('ready');
// What the device reports is what its rules look at.
let brightness = 50;
const timer = setInterval(() => {
  brightness = (brightness + 10) % 100;
  device.properties.report({ service: 'light', values: { brightness } });
}, 500);
process.once('SIGINT', () => clearInterval(timer));
