// In the words of Tencent's own SDK: a gateway fetches the firmware of a sub-device and hands it on. Ends with the upgrade.
import { once, EventEmitter } from 'node:events';
import path from 'node:path';
import { OtaCmdType, QcloudExplorer } from 'lianyun/tencent';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_FILE: file = path.join(import.meta.dirname, '../files/gateway_info.json'), LIANYUN_LAMP_SECRET: secret = 'b25seS1hbi1leGFtcGxlIQ==' } = process.env;
const te = new QcloudExplorer(file, false, null, server);
te.onProblem((problem) => console.error('problem:', problem.message));

/** Stands for the local network behind the gateway. */
const handOn = (piece) => piece.length;

const told = new EventEmitter();
te.registerMqttCallback(() => told.emit('connected'));
const connected = once(told, 'connected');
te.connect();
await connected;

te.gatewayInit();
const [{ product_id, device_name }] = te.gatewaySubdevGetConfigList();
const lamp = [product_id, device_name];
await te.gatewaySubdevBind(...lamp, secret);
await te.gatewaySubdevOnline(...lamp);

// All calls of an upgrade name the device that it is of.
await te.otaInit(...lamp, (topic, qos, payload) => console.log(device_name, payload.type, payload.result_code));
te.otaReportVersion(...lamp, '1.0');
while (!te.otaIsFetching(...lamp)) await new Promise((resolve) => setTimeout(resolve, 100));
const [size] = te.otaIoctlNumber(...lamp, OtaCmdType.IOT_OTAG_FILE_SIZE);
await te.otaDownloadStart(...lamp, 0, size);
let bytes = 0;
while (!te.otaIsFetchFinished(...lamp)) {
  const [piece] = await te.otaFetchYield(...lamp, 5000);
  if (piece === null) throw new Error('the firmware cannot be read');
  bytes += handOn(piece);
}
const [checked] = te.otaIoctlNumber(...lamp, OtaCmdType.IOT_OTAG_CHECK_FIRMWARE);
console.log(device_name, 'has', bytes, checked === 0);
if (checked === 0) te.otaReportUpgradeSuccess(...lamp, null);
await te.disconnect();
