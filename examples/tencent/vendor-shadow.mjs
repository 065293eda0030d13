// In the words of Tencent's own SDK: the shadow of IoT Hub, reported, read, and followed. Runs until Ctrl-C.
import path from 'node:path';
import { QcloudExplorer } from 'lianyun/tencent';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_FILE: file = path.join(import.meta.dirname, '../files/device_info.json') } = process.env;
const te = new QcloudExplorer(file, false, null, server);
const device = [te.getProductID(), te.getDeviceName()];
const lamp = { brightness: 50 };
process.once('SIGINT', () => te[Symbol.asyncDispose]());
te.onProblem((problem) => console.error('problem:', problem.message));

const report = () => te.shadowUpdate(...device, te.shadowJsonConstructReport(...device, { key: 'brightness', data: lamp.brightness, type: 'int' }));

/** Answers, and what an application wants of the device (`delta`). */
function onShadow(topic, qos, { type, result, payload }) {
  console.log(type, result ?? '', JSON.stringify(payload?.state));
  const wanted = type === 'delta' ? payload.state : payload?.state?.delta;
  if (wanted?.brightness === undefined) return;
  lamp.brightness = wanted.brightness;
  report();
  // What was wanted is done: nothing is wanted any more.
  te.shadowUpdate(...device, te.shadowJsonConstructDesireAllNull(...device));
}

te.registerMqttCallback(() => {
  te.shadowInit(...device, onShadow);
  report();
  te.getShadow(...device);
});
te.connect();
