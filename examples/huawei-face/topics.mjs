// Topics of one's own, messages of any bytes, and the connection, in the words of Huawei's own SDK. Runs until Ctrl-C.
import { IotDevice, RawMessage } from 'lianyun/huawei';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: id = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const { hostname: serverUri, port } = new URL(server);
const device = new IotDevice({ connectAuthInfo: { id, secret, serverUri, port: Number(port) } });
device.device.on('problem', (problem) => console.error('problem:', problem.message));
process.once('SIGINT', () => device.destroy());

device.addConnectListener({
  connectComplete: (reconnect) => console.log(reconnect ? 'connected again' : 'connected'),
  connectionLost: (cause) => console.log('lost:', cause),
});
const client = device.getClient();
client.setRawDeviceMsgListener({ onRawDeviceMessage: ({ payload }) => console.log('bytes', payload.toString('hex')) });

if ((await device.connect()) !== 0) process.exit(1);
// Subscribed again after every loss; a wildcard hears.
client.subscribeTopic(`$oc/devices/${id}/user/#`, 1, { onMessageReceived: ({ topic, payload }) => console.log(topic.split('/user/')[1], payload.toString()) });
client.publishRawMessage(new RawMessage(`$oc/devices/${id}/sys/messages/up`, Buffer.from([1, 2, 255])), { onSuccess: () => console.log('published'), onFailure: (message) => console.error(message) });
