// Actions: answers what an application calls through CallDeviceActionSync. Runs until Ctrl-C.
import { Device, reply, tencent } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_PRODUCT_ID: productId = 'LAMP000001', LIANYUN_DEVICE_NAME: deviceName = 'lamp1' } = process.env;
const { LIANYUN_DEVICE_SECRET: deviceSecret = 'b25seS1hbi1leGFtcGxlIQ==' } = process.env;
const device = new Device({ dialect: tencent, server, identity: { productId, deviceName, deviceSecret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

// What is returned is the output with code 0; the cloud waits 5 seconds for it.
device.commands.handle('blink', async ({ args, signal }) => {
  if (args.times > 5) return reply({ code: 5, text: 'too often', output: { blinked: 0 } });
  for (let left = args.times; left > 0 && !signal.aborted; left -= 1) console.log('blink');
  return { blinked: args.times };
});

// Every action without a handler of its own; what is thrown is answered with code -1 and the error's text.
device.commands.handle('*', ({ name }) => {
  throw new Error(`this lamp cannot ${name}`);
});

await device.connect();
console.log('ready');
