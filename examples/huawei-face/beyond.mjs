// What Huawei's Java and C SDKs have as well: a signature with SM3, packed reports, a configuration from afar, the device's log. Runs until Ctrl-C.
import { ConnectAuthInfo, IotDevice, IotResult, ServiceProperty } from 'lianyun/huawei';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: id = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const { hostname: serverUri, port } = new URL(server);
const device = new IotDevice({ connectAuthInfo: { id, secret, serverUri, port: Number(port), checkStampMethod: ConnectAuthInfo.CHECK_STAMP_SM3, autoReportDeviceInfo: true } });
device.device.on('problem', (problem) => console.error('problem:', problem.message));
process.once('SIGINT', () => device.destroy());

const client = device.getClient();
client.setDeviceConfigListener({
  onDeviceConfig: (config) => {
    console.log('configured', JSON.stringify(config));
    return config.interval > 0 ? IotResult.SUCCESS : new IotResult({ resultCode: 1, resultDesc: 'no interval' });
  },
});

if ((await device.connect()) !== 0) process.exit(1);
const logs = device.getDeviceLogService();
if (logs.canReportLog()) logs.reportDeviceLog(Date.now(), 'DEVICE_STATUS', 'started');
client.reportCompressedProperties([new ServiceProperty({ serviceId: 'light', properties: { on: 1, brightness: 50 } })], { onSuccess: () => console.log('reported'), onFailure: (message) => console.error(message) });
