// In the words of Tencent's own SDK: what is said to all devices of a product. Runs until Ctrl-C.
import path from 'node:path';
import { QcloudExplorer } from 'lianyun/tencent';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_FILE: file = path.join(import.meta.dirname, '../files/device_info.json') } = process.env;
const te = new QcloudExplorer(file, false, null, server);
process.once('SIGINT', () => te[Symbol.asyncDispose]());
te.onProblem((problem) => console.error('problem:', problem.message));

te.registerMqttCallback(() => te.broadcastInit(te.getProductID(), te.getDeviceName(), (topic, qos, payload) => console.log('broadcast', JSON.stringify(payload))), null, null, null, () => console.log('listening'));
te.connect();
