// Upgrades: tells which version runs, downloads what the cloud offers, and tells the new one. Runs until Ctrl-C.
import { mkdir } from 'node:fs/promises';
import { Device, tencent } from 'lianyun';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_PRODUCT_ID: productId = 'LAMP000001', LIANYUN_DEVICE_NAME: deviceName = 'lamp1' } = process.env;
const { LIANYUN_DEVICE_SECRET: deviceSecret = 'b25seS1hbi1leGFtcGxlIQ==', LIANYUN_DIRECTORY: directory = 'upgrades' } = process.env;
const device = new Device({ dialect: tencent, server, identity: { productId, deviceName, deviceSecret } });
device.on('offline', ({ error, nextAttemptMs }) => console.error('offline:', error.message, nextAttemptMs === undefined ? '' : `next attempt in ${nextAttemptMs} ms`));
device.on('problem', (problem) => console.error('problem:', problem.message, problem.cure));
process.once('SIGINT', () => device.close({ drainMs: 2000 }));

// What is thrown here is told to the cloud as a failure, with its own code.
device.ota.onOffer(async (upgrade) => {
  console.log(`offered ${upgrade.kind} ${upgrade.version}, ${upgrade.bytes ?? '?'} bytes`);
  // To disk, with the digest computed on the way; goes on where it was cut, also after a restart. The cloud hears how far it is.
  const file = await upgrade.download({ directory }).done;
  console.log('downloaded', file);
  upgrade.progress({ at: 'installing', percent: 0 });
  // Here a real device installs the file and restarts. Only the new version, told by the new program, is a success.
  await device.ota.report({ firmware: upgrade.version }).delivered;
  console.log('runs', upgrade.version);
});

await mkdir(directory, { recursive: true });
await device.connect();
// Told again at every reconnect.
await device.ota.report({ firmware: '1.0.0' }).delivered;
console.log('runs 1.0.0');
