// In the words of Tencent's own SDK: topics of its own, with the callbacks of the connection. Runs until Ctrl-C.
import path from 'node:path';
import { QcloudExplorer } from 'lianyun/tencent';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_FILE: file = path.join(import.meta.dirname, '../files/device_info.json') } = process.env;
const te = new QcloudExplorer(file, false, 'mine', server);
const topic = (name) => `${te.getProductID()}/${te.getDeviceName()}/${name}`;
process.once('SIGINT', () => te[Symbol.asyncDispose]());
te.onProblem((problem) => console.error('problem:', problem.message));

const callbacks = {
  on_connect: (flags, rc, userdata) => {
    console.log('connected', rc, userdata);
    te.subscribe([[topic('control'), 1], [topic('data'), 0]]);
  },
  on_disconnect: (rc) => console.log('disconnected', rc),
  // What no other callback is registered for.
  on_message: (name, qos, payload) => console.log('message', name, JSON.stringify(payload)),
  on_publish: (mid) => console.log('published', mid > 0),
  on_subscribe: (granted_qos) => {
    console.log('subscribed at', granted_qos);
    // Text is written as JSON text, with quotes; a device that subscribes its own topic hears itself.
    te.publish(topic('data'), 'hello', 1);
  },
  on_unsubscribe: () => console.log('unsubscribed'),
  on_refused: (rc, reason) => console.log('refused', rc, reason),
};
te.registerMqttCallback(...Object.values(callbacks));
te.registerUserCallback(topic('control'), (name, qos, payload) => {
  console.log('control', JSON.stringify(payload));
  te.unsubscribe(topic('data'));
});

te.setKeepaliveInterval(120);
te.setReconnectInterval(30, 1); // seconds, the longer first
te.setMessageTimout(10);
te.connect();
