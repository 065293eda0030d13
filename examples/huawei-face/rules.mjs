// Rules that the platform gives and the device runs itself, in the words of Huawei's own SDK. Runs until Ctrl-C.
import { CommandRsp, IotDevice, ServiceProperty } from 'lianyun/huawei';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: id = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const { hostname: serverUri, port } = new URL(server);
const device = new IotDevice({ connectAuthInfo: { id, secret, serverUri, port: Number(port), enableRuleManage: true, ruleTimeZone: 'Asia/Shanghai' } });
device.device.on('problem', (problem) => console.error('problem:', problem.message));
process.once('SIGINT', () => device.destroy());

const client = device.getClient();
// A rule that is met calls it as the platform does; setRuleActionHandler() takes what rules do instead.
client.setCommandListener({
  onCommand: (requestId, serviceId, commandName, paras) => {
    console.log(commandName, JSON.stringify(paras));
    client.respondCommand(requestId, new CommandRsp({ responseName: 'blinked', paras: { blinked: paras.times } }));
  },
});

if ((await device.connect()) !== 0) process.exit(1);
let brightness = 50;
const timer = setInterval(() => {
  brightness = (brightness + 10) % 100;
  client.reportProperties([new ServiceProperty({ serviceId: 'light', properties: { brightness } })]);
}, 200);
process.once('SIGINT', () => clearInterval(timer));
console.log('ready');
