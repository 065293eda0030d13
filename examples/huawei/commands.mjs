// Commands: answers what an application calls through CreateCommand. Runs until Ctrl-C.
import { Device, huawei, reply } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: deviceId = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const device = new Device({ dialect: huawei, server, identity: { deviceId, secret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

// What is returned is the output with code 0; the cloud waits 20 seconds for it.
device.commands.handle('blink', async ({ args, signal }) => {
  if (args.times > 5) return reply({ code: 5, name: 'blinked', output: { blinked: 0 } });
  for (let left = args.times; left > 0 && !signal.aborted; left -= 1) console.log('blink');
  return { blinked: args.times };
});

// Every command without a handler of its own; what is thrown is answered with code -1 and the error's text.
device.commands.handle('*', ({ service, name }) => {
  throw new Error(`this lamp cannot ${service}.${name}`);
});

await device.connect();
console.log('ready');
