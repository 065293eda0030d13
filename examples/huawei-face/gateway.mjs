// A gateway in the words of Huawei's own SDK: its sub-device is created, reports, and answers through it. Runs until Ctrl-C.
import { AbstractGateway, AddedSubDeviceInfo, CommandRsp, DeviceStatus, ServiceProperty } from 'lianyun/huawei';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: id = 'hub_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const { hostname: serverUri, port } = new URL(server);

// In a real gateway this is a file: the list outlives the program.
const nodes = new Map();
let version = 0;
const list = {
  getSubDevice: (nodeId) => nodes.get(nodeId),
  addSubDevices: (info) => {
    for (const each of info.devices) nodes.set(each.nodeId, each);
    version = info.version ?? version;
    console.log('added', info.devices.map(({ deviceId }) => deviceId).join(' '));
  },
  deleteSubDevices: (info) => {
    for (const each of info.devices) nodes.delete(each.nodeId);
    version = info.version ?? version;
  },
  getVersion: () => version,
};

class Hub extends AbstractGateway {
  onSubDevCommand(requestId, { deviceId, paras }) {
    console.log('command for', deviceId);
    this.getClient().respondCommand(requestId, new CommandRsp({ responseName: 'blinked', paras: { blinked: paras.times } }));
  }
}

const hub = new Hub(list, { connectAuthInfo: { id, secret, serverUri, port: Number(port) } });
hub.device.on('problem', (problem) => console.error('problem:', problem.message));
process.once('SIGINT', () => hub.destroy());
hub.setGtwOperateSubDeviceListener({
  onAddSubDeviceRsp: () => {
    hub.reportBatchStatus([new DeviceStatus({ deviceId: 'lamp_face', status: 'ONLINE' })]);
    hub.reportSubDeviceProperties('lamp_face', [new ServiceProperty({ serviceId: 'light', properties: { on: 1 } })], { onSuccess: () => console.log('reported'), onFailure: (message) => console.error(message) });
  },
  onDelSubDeviceRsp: () => undefined,
});

if ((await hub.connect()) !== 0) process.exit(1);
hub.gtwAddSubDevice([new AddedSubDeviceInfo({ productId: 'lamp', nodeId: 'face', name: 'Hall' })], 'add-1');
