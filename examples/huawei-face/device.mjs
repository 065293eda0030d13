// A lamp in the words of Huawei's own SDK: properties, commands, messages, events, the shadow, the time. Runs until Ctrl-C.
import { CommandRsp, DeviceBaseInfo, DeviceEvent, DeviceMessage, IotDevice, IotResult, ServiceProperty } from 'lianyun/huawei';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: id = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const { hostname: serverUri, port } = new URL(server);
const device = new IotDevice({ connectAuthInfo: { id, secret, serverUri, port: Number(port) }, mqttConnectConf: { keepAliveTime: 60 } });
device.device.on('problem', (problem) => console.error('problem:', problem.message));
process.once('SIGINT', () => device.destroy());

const client = device.getClient();
const values = { on: 0, brightness: 50 };

client.setCommandListener({
  onCommand: (requestId, serviceId, commandName, paras) => client.respondCommand(requestId, new CommandRsp({ responseName: 'blinked', paras: { blinked: paras.times } })),
});
client.setPropertiesListener({
  onPropertySet: (requestId, services) => {
    for (const { properties } of services) Object.assign(values, properties);
    client.respondPropertiesSet(requestId, IotResult.SUCCESS);
    console.log('set', JSON.stringify(values));
  },
  onPropertyGet: (requestId, serviceId) => client.respondPropertiesGet(requestId, [new ServiceProperty({ serviceId: serviceId || 'light', properties: values })]),
});
client.setDeviceMsgListener({ onDeviceMessage: ({ name, content }) => console.log('message', name, content) });
client.setDeviceShadowListener({ onShadowGet: (requestId, deviceId, shadow) => console.log('shadow', requestId, shadow.map(({ serviceId }) => serviceId).join(' ')) });
device.getTimeSyncService().setListener({ onTimeSyncResponse: (sent, received) => console.log('time', received > 0) });

const outcome = await device.connect();
if (outcome !== 0) {
  console.error('not connected:', outcome);
  process.exit(1);
}
client.reportDeviceInfo(new DeviceBaseInfo({ fwVersion: '1.0', swVersion: '2.0' }));
client.reportEvent(new DeviceEvent({ serviceId: 'light', eventType: 'overheated', paras: { celsius: 98.5 } }));
client.reportDeviceMessage(new DeviceMessage({ name: 'hello', content: 'from a lamp' }));
device.getTimeSyncService().requestTimeSync();
client.reportProperties([new ServiceProperty({ serviceId: 'light', properties: values })], {
  onSuccess: () => {
    console.log('reported');
    client.getDeviceShadow('r1');
  },
  onFailure: (message) => console.error(message),
});
