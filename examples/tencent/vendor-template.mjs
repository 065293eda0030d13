// In the words of Tencent's own SDK: the data template with reports, controls, actions and an event. Runs until Ctrl-C.
import path from 'node:path';
import { QcloudExplorer, ReplyPara } from 'lianyun/tencent';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_FILE: file = path.join(import.meta.dirname, '../files/device_info.json') } = process.env;
// Without a fourth parameter it connects to Tencent's cloud; TLS is the default there.
const te = new QcloudExplorer(file, false, null, server);
const device = [te.getProductID(), te.getDeviceName()];
const lamp = { on: 0, brightness: 50, celsius: 21.5 };
process.once('SIGINT', () => te[Symbol.asyncDispose]());
te.onProblem((problem) => console.error('problem:', problem.message));

const done = (status_msg) => Object.assign(new ReplyPara(), { code: 0, status_msg });
const report = () => te.templateReport(...device, te.templateJsonConstructReportArray(...device, lamp));

/** Every property message: controls, and the answers to reports. */
function onProperty(topic, qos, payload) {
  if (payload.method === 'report_reply') console.log('reported', payload.code);
  if (payload.method !== 'control') return;
  Object.assign(lamp, payload.params);
  console.log('set', JSON.stringify(lamp));
  // The control whose callback this is gets the answer.
  te.templateControlReply(...device, done('success'));
  report();
}

function onAction(topic, qos, { actionId, clientToken, params }) {
  console.log(actionId, params.times);
  te.templateActionReply(...device, clientToken, { blinked: params.times }, done('blinked'));
}

function onEvent(topic, qos, payload) {
  console.log('event', payload.code);
}

te.registerMqttCallback(() => {
  te.templateInit(...device, onProperty, onAction, onEvent);
  report();
  te.templateEventPost(...device, { events: [{ eventId: 'overheated', type: 'alert', timestamp: Date.now(), params: { celsius: 98.5 } }] });
});
te.connect();
