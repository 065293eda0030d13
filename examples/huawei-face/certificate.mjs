// A device with an X.509 certificate, in the words of Huawei's own SDK: LIANYUN_CERT and LIANYUN_KEY are its files, LIANYUN_CA the platform's authority.
import { IotDevice, ServiceProperty } from 'lianyun/huawei';

const { LIANYUN_SERVER: server = 'mqtts://127.0.0.1:8883', LIANYUN_DEVICE_ID: id = 'lamp_3', LIANYUN_CERT: cert = 'lamp.pem', LIANYUN_KEY: key = 'lamp.key', LIANYUN_CA: ca = 'ca.pem' } = process.env;
const { hostname, port } = new URL(server);
const device = IotDevice.createByCertificate(hostname, Number(port), id, cert, key, ca);
device.device.on('problem', (problem) => console.error('problem:', problem.message));

const outcome = await device.connect();
if (outcome !== 0) {
  console.error('not connected:', outcome);
  process.exit(1);
}
await new Promise((onSuccess, reject) => device.getClient().reportProperties([new ServiceProperty({ serviceId: 'light', properties: { on: 1 } })], { onSuccess, onFailure: (message, error) => reject(error) }));
console.log('reported');
await device.destroy();
