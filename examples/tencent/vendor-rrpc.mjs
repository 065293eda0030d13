// In the words of Tencent's own SDK: calls that the cloud waits for, in IoT Hub's form and in IoT Explorer's. Runs until Ctrl-C.
import path from 'node:path';
import { QcloudExplorer } from 'lianyun/tencent';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_FILE: file = path.join(import.meta.dirname, '../files/device_info.json') } = process.env;
const te = new QcloudExplorer(file, false, null, server);
const device = [te.getProductID(), te.getDeviceName()];
process.once('SIGINT', () => te[Symbol.asyncDispose]());
te.onProblem((problem) => console.error('problem:', problem.message));

te.registerMqttCallback(() => {
  // The answer goes to the call whose callback gives it, also after an await.
  te.rrpcInit(...device, async (topic, qos, payload) => {
    console.log('called', JSON.stringify(payload));
    await new Promise((resolve) => setTimeout(resolve, 10));
    te.rrpcReply(...device, { heard: payload });
  });
  // IoT Explorer's form has topics with the id of the call, and no method in the vendor's SDK.
  const calls = `$iotrrpc/down/${device.join('/')}/+`;
  te.subscribe(calls, 0);
  te.registerUserCallback(calls, (topic, qos, payload) => te.publish(topic.replace('/down/', '/up/'), { explored: payload }, 0));
});
te.connect();
