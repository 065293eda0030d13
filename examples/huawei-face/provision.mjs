// A device that asks where to connect, in the words of Huawei's own SDK. What it was told is kept: the next start asks nobody.
import os from 'node:os';
import path from 'node:path';
import { ConnectAuthInfo, IotDevice } from 'lianyun/huawei';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: id = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example', LIANYUN_DIRECTORY: directory = os.tmpdir() } = process.env;
const { hostname: serverUri, port } = new URL(server);
const device = new IotDevice({
  connectAuthInfo: {
    id,
    secret,
    serverUri, // the bootstrap server
    port: Number(port),
    // With a registration group: BS_MODE_BOOTSTRAP_WITH_SCOPEID, its scopeId, and its secret instead of the device's own.
    bsMode: ConnectAuthInfo.BS_MODE_STANDARD_BOOTSTRAP,
    serverInfoPath: path.join(directory, `server_info_${id}.json`),
  },
});
device.device.on('problem', (problem) => console.error('problem:', problem.message));
device.addConnectListener({ connectComplete: (reconnect, uri) => console.log('connected to', uri), connectionLost: () => undefined });

const outcome = await device.connect();
if (outcome !== 0) console.error('not connected:', outcome);
await device.destroy();
