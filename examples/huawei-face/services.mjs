// A service of the product model, defined once: sets, gets, commands and reports follow. Runs until Ctrl-C.
import { AbstractService, CommandRsp, IotDevice, Property } from 'lianyun/huawei';

const { LIANYUN_SERVER: server = 'mqtt://127.0.0.1:1883', LIANYUN_DEVICE_ID: id = 'lamp_1', LIANYUN_SECRET: secret = 'only-an-example' } = process.env;
const { hostname: serverUri, port } = new URL(server);
const device = new IotDevice({ connectAuthInfo: { id, secret, serverUri, port: Number(port) } });
device.device.on('problem', (problem) => console.error('problem:', problem.message));
process.once('SIGINT', () => device.destroy());

class Light extends AbstractService {
  brightness = new Property({ val: 50, fieldName: 'brightness', propName: 'brightness' });
  celsius = new Property({ val: 0, fieldName: 'celsius', propName: 'celsius', writeable: false });
  command2method = { blink: 'blink' };

  constructor() {
    super();
    this.defineProperties(this.brightness, this.celsius);
  }

  // Asked whenever the value is needed; may take its time.
  async getCelsius() {
    return 21.5;
  }

  blink({ times }) {
    return new CommandRsp({ responseName: 'blinked', paras: { blinked: times } });
  }
}

const light = new Light();
device.addService('light', light);
if ((await device.connect()) !== 0) process.exit(1);
light.enableAutoReport(60);
light.firePropertiesChanged();
console.log('ready');
