// Beneath the words of Tencent's own SDK: what that has no method for, on the same connection. Runs until Ctrl-C.
import path from 'node:path';
import { QcloudExplorer } from 'lianyun/tencent';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_FILE: file = path.join(import.meta.dirname, '../files/device_info.json') } = process.env;
const te = new QcloudExplorer(file, false, null, server);
process.once('SIGINT', () => te[Symbol.asyncDispose]());
te.onProblem((problem) => console.error('problem:', problem.message));

te.registerMqttCallback(async () => {
  const { device } = te;
  // Remote configuration of the product, now and whenever it changes.
  device.remoteConfig.onUpdate(({ content }) => console.log('configured', JSON.stringify(content)));
  console.log('config', JSON.stringify(await device.remoteConfig.get().catch(({ place }) => place.number)));
  // Users that bind the device and let go of it.
  device.binding.onChange(({ bound }) => console.log(bound ? 'bound' : 'let go'));
  // Bytes of a protocol of its own: a temperature in two of them.
  const codec = {
    encode: (celsius) => Uint8Array.of((celsius * 10) >> 8, (celsius * 10) & 255),
    decode: (bytes) => ((bytes[0] << 8) | bytes[1]) / 10,
  };
  const readings = device.messages.withCodec(codec);
  readings.onMessage(({ value }) => console.log('told', value));
  await readings.send(21.5).delivered;
  console.log('log level', (await device.logs.query()).level);
});
te.connect();
