// Upgrades in the words of Huawei's own SDK: the version is told, a package is downloaded, checked and handed over. Runs until Ctrl-C.
import { IotDevice, OTAService } from 'lianyun/huawei';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: id = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const { hostname: serverUri, port } = new URL(server);
const device = new IotDevice({ connectAuthInfo: { id, secret, serverUri, port: Number(port) } });
device.device.on('problem', (problem) => console.error('problem:', problem.message));
process.once('SIGINT', () => device.destroy());

const ota = device.getOtaService();
let version = '1.0.0';
let offered = version;
ota.setOtaListener({
  onQueryVersion: () => ota.reportVersion(version),
  onReceivePackageInfo: (info) => {
    offered = info.version;
    console.log('offered', info.kind, info.version, info.fileSize, 'bytes');
  },
  // Left out where a package is large: download it to disk from the URL above.
  onReceivePackage: (pkg) => {
    console.log('checked', pkg.package.length, 'bytes');
    // Here it is installed; the device starts again and tells which version runs.
    version = offered;
    ota.reportOtaStatus(OTAService.OTA_CODE_SUCCESS, version, 100);
  },
});

if ((await device.connect()) !== 0) process.exit(1);
ota.reportVersion(version);
console.log('runs', version);
