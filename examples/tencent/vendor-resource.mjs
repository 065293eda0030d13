// In the words of Tencent's own SDK: a file put into the cloud's storage as a resource. Ends with the upload.
import path from 'node:path';
import { QcloudExplorer } from 'lianyun/tencent';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_FILE: file = path.join(import.meta.dirname, '../files/device_info.json') } = process.env;
const te = new QcloudExplorer(file, false, null, server);
const device = [te.getProductID(), te.getDeviceName()];
te.onProblem((problem) => console.error('problem:', problem.message));

/** What the cloud says about resources: where to put the file, and that it heard how far it is. */
async function onResource(topic, qos, payload) {
  console.log(payload.type);
  if (payload.type !== 'create_upload_task_rsp') return;
  te.resourceReportUploadProgress(...device);
  const failed = await te.resourceUploadfile(payload.url);
  if (failed === 0) te.resourceFinished();
  await te.disconnect();
}

te.registerMqttCallback(async () => {
  te.resourceInit(...device, onResource);
  await te.resourceCreateUploadTask(...device, import.meta.filename);
});
te.connect();
