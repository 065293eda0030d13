// In the words of Tencent's own SDK: a gateway binds the sub-devices of its file, brings them online, reports for them, and unbinds them.
import { once, EventEmitter } from 'node:events';
import path from 'node:path';
import { QcloudExplorer } from 'lianyun/tencent';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_FILE: file = path.join(import.meta.dirname, '../files/gateway_info.json'), LIANYUN_LAMP_SECRET: secret = 'b25seS1hbi1leGFtcGxlIQ==' } = process.env;
const te = new QcloudExplorer(file, false, null, server);
te.onProblem((problem) => console.error('problem:', problem.message));

const told = new EventEmitter();
te.registerMqttCallback(() => told.emit('connected'));
const connected = once(told, 'connected');
te.connect();
await connected;

te.gatewayInit();
for (const { product_id, device_name } of te.gatewaySubdevGetConfigList()) {
  const lamp = [product_id, device_name];
  // rc is 0, the platform's own number, or 1 without an answer.
  const [bound] = await te.gatewaySubdevBind(...lamp, secret);
  const [online] = await te.gatewaySubdevOnline(...lamp);
  te.updateSubdevStatus(...lamp, online === 0 ? 'online' : 'offline');
  console.log(lamp.join('/'), bound, online, te.isSubdevStatusOnline(...lamp));

  te.templateInit(...lamp, (topic, qos, payload) => told.emit(payload.method, payload));
  const answer = once(told, 'report_reply');
  te.templateReport(...lamp, te.templateJsonConstructReportArray(...lamp, { on: 1 }));
  console.log('reported', (await answer)[0].code);

  await te.gatewaySubdevOffline(...lamp);
  console.log('unbound', (await te.gatewaySubdevUnbind(...lamp))[0]);
}
await te.disconnect();
