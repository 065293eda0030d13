// In the words of Tencent's own SDK: a firmware fetched piece by piece, kept over a restart, checked, and reported. Ends with the upgrade.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { OtaCmdType, QcloudExplorer } from 'lianyun/tencent';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_FILE: deviceFile = path.join(import.meta.dirname, '../files/device_info.json'), LIANYUN_DIRECTORY: directory = 'upgrades' } = process.env;
mkdirSync(directory, { recursive: true });
const [image, note] = ['firmware.bin', 'firmware.json'].map((name) => path.join(directory, name));

const te = new QcloudExplorer(deviceFile, false, null, server);
const device = [te.getProductID(), te.getDeviceName()];
te.onProblem((problem) => console.error('problem:', problem.message));

/** What an earlier run has of this version: its bytes are hashed again. */
function resumed(version) {
  if (!existsSync(note) || JSON.parse(readFileSync(note, 'utf8')).version !== version) writeFileSync(image, '');
  const stored = readFileSync(image);
  te.otaResetMd5(...device);
  te.otaMd5Update(...device, stored);
  return stored.length;
}

te.registerMqttCallback(async () => {
  await te.otaInit(...device, (topic, qos, payload) => console.log(payload.type, payload.result_code));
  te.otaReportVersion(...device, '1.0');
  while (!te.otaIsFetching(...device)) await new Promise((resolve) => setTimeout(resolve, 100));

  const [size] = te.otaIoctlNumber(...device, OtaCmdType.IOT_OTAG_FILE_SIZE);
  const [version] = te.otaIoctlString(...device, OtaCmdType.IOT_OTAG_VERSION, 32);
  console.log('offered', version, size);
  const offset = resumed(version);
  if ((await te.otaDownloadStart(...device, offset, size)) !== 0) throw new Error('the firmware cannot be fetched');
  while (!te.otaIsFetchFinished(...device)) {
    const [piece, count] = await te.otaFetchYield(...device, 5000);
    if (piece === null) throw new Error(`the firmware cannot be read: ${count}`);
    appendFileSync(image, piece);
    writeFileSync(note, JSON.stringify({ version, downloaded_size: te.otaIoctlNumber(...device, OtaCmdType.IOT_OTAG_FETCHED_SIZE)[0] }));
  }
  const [checked, why] = te.otaIoctlNumber(...device, OtaCmdType.IOT_OTAG_CHECK_FIRMWARE);
  if (checked !== 0) throw new Error(why);
  console.log('fetched', readFileSync(image).length);
  // Here a device installs the image and restarts; the new version says that it runs.
  te.otaReportUpgradeSuccess(...device, null);
  await te.disconnect();
});
te.connect();
