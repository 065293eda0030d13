// A gateway: sub-devices without a connection of their own are created, report and answer through it. Runs until Ctrl-C.
import { Device, huawei } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: deviceId = 'hub_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const device = new Device({ dialect: huawei, server, identity: { deviceId, secret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

const { gateway } = device;
// Told by the cloud, whoever changed the list: this program, the console or the API.
gateway.onChange(({ change, children }) => console.log(change, children.map((child) => child.device).join(' ')));

await device.connect();
// One result each; adding what is there already is refused by the cloud with a code, and harms nothing.
for (const { code, node, error, text } of await gateway.add([{ product: 'lamp', node: 'a', name: 'Hall' }, { product: 'lamp', node: 'b', name: 'Stairs' }])) if (code !== 0) console.log(node, error, text);
await gateway.online(['lamp_a', 'lamp_b']);

for (const id of ['lamp_a', 'lamp_b']) {
  const lamp = gateway.child(id);
  lamp.properties.onSet(({ groups }) => lamp.properties.report(groups).delivered);
  lamp.commands.handle('blink', ({ args }) => ({ blinked: args.times }));
  await lamp.properties.report({ service: 'light', values: { on: 1 } }).delivered;
}
console.log('sub-devices:', (await gateway.list()).map((child) => child.device).join(' '));
