// A gateway: existing sub-devices are bound with their own secrets, report and answer through it. Runs until Ctrl-C.
import { Device, tencent } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_PRODUCT_ID: productId = 'HUB0000001', LIANYUN_DEVICE_NAME: deviceName = 'hub1' } = process.env;
const { LIANYUN_DEVICE_SECRET: deviceSecret = 'b25seS1hbi1leGFtcGxlIQ==' } = process.env;
const device = new Device({ dialect: tencent, server, identity: { productId, deviceName, deviceSecret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

const { gateway } = device;
const { LIANYUN_LAMP: id = 'LAMP000001/lamp2', LIANYUN_LAMP_SECRET: secret = 'b25seS1hbi1leGFtcGxlIQ==' } = process.env;
gateway.onChange(({ change, children }) => console.log(change, children.map((child) => child.device).join(' ')));

await device.connect();
// One result each, with the cloud's own code and text (807: bound already, which is fine here).
for (const { code, device: child, text } of await gateway.add([{ device: id, secret }])) if (code !== 0) console.log(child, code, text);
await gateway.online([id]);

const lamp = gateway.child(id);
lamp.properties.onSet(({ groups }) => lamp.properties.report(groups).delivered);
lamp.commands.handle('blink', ({ args }) => ({ blinked: args.times }));
await lamp.properties.report({ values: { on: 1 } }).delivered;
console.log('sub-devices:', (await gateway.list()).map((child) => child.device).join(' '));
