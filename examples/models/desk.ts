// One program for both clouds, `node examples/models/desk.ts huawei` or `tencent`: names and values are those of the model, true is true on
// either, and what the model does not have does not compile. Runs until Ctrl-C. Node.js 22.18 or newer runs TypeScript as it is.
import { Device, huawei, reply, tencent } from 'lianyun';
import { desk } from './desk-model.ts';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883' } = process.env;
const device =
  process.argv[2] === 'tencent'
    ? new Device({ dialect: tencent, server, model: desk, identity: { productId: 'DESK000001', deviceName: 'desk1', deviceSecret: 'b25seS1hbi1leGFtcGxlIQ==' } })
    : new Device({ dialect: huawei, server, model: desk, identity: { deviceId: 'desk_1', secret: 'only-an-example' } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => void device.close({ drainMs: 2000 }));

let brightness = 50;

device.properties.onSet(async ({ groups }) => {
  for (const group of groups) {
    // Here the compiler knows the properties that can be set: on, brightness, color and scene.
    if (group.service !== 'light') continue;
    brightness = group.values.brightness ?? brightness;
    console.log('set', JSON.stringify(group.values));
    await device.properties.report({ service: 'light', values: group.values }).delivered;
  }
});

device.commands.handle('blink', ({ args: { times } }) => {
  if (times > 5) return reply({ code: 5, text: 'too often', output: { blinked: 0 } });
  return { blinked: times };
});

await device.connect();
await device.properties.report([
  { service: 'light', values: { on: true, brightness, color: 'warm', scene: 'reading', lastUsed: 1_764_000_000 } },
  { service: 'meter', values: { energy: 9_007_199_254_740_991n } },
]).delivered;
await device.events.post({ service: 'light', name: 'overheated', params: { celsius: 98.5 } }).delivered;
console.log('reported');
