// 3. Many devices in one process, connected to mosquitto.
import { turned } from '../measure/turns.mjs';
import { HOST } from '../network.mjs';
import { withChild } from '../processes.mjs';

const CLIENTS = ['ours', 'MQTT.js'];
const COUNTS = [1000, 5000];
const STEP_MS = 60_000;

export const devices = {
  name: 'devices',
  title: 'Many devices in one process, each with one command handler',
  needsMosquitto: true,
  tables: [
    { title: 'resident memory of each device, KiB: above the process with the library loaded', figure: 'kibEach', digits: 1 },
    { title: 'of it JavaScript heap that is in use, KiB', figure: 'heapKibEach', digits: 1 },
    { title: 'resident memory of each device since the column before, KiB', figure: 'kibOfLast', digits: 1 },
    { title: 'connects per second since the column before', figure: 'perSecond' },
    { title: 'CPU of a connect, us', figure: 'cpuUs' },
    { title: 'resident memory of the process, MiB', figure: 'rssMiB', digits: 1 },
  ],
  ratios: [
    { title: 'memory of each further device', figure: 'kibEach', pairs: [CLIENTS] },
    { title: 'memory of each device since the column before', figure: 'kibOfLast', pairs: [CLIENTS] },
    { title: 'connects per second', figure: 'perSecond', pairs: [CLIENTS] },
  ],

  async round({ machine, round, add }) {
    const broker = await machine.mosquitto();
    try {
      for (const client of turned(CLIENTS, round)) {
        const options = { host: HOST, port: broker.port, id: `m${round}${CLIENTS.indexOf(client)}` };
        await withChild(machine.crowd(client, options), async (crowd) => {
          await crowd.next();
          for (const count of COUNTS) add(client, `${count} devices`, await crowd.ask({ count }, STEP_MS));
        });
      }
    } finally {
      await broker.child.end();
    }
  },
};
