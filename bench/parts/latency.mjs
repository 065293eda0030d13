// 2. Command, asynchronous handler, answer: one at a time, through mosquitto.
import { connectController } from '../controller.mjs';
import { cpuUs } from '../measure/process-figures.mjs';
import { percentile } from '../measure/samples.mjs';
import { turned } from '../measure/turns.mjs';
import { HOST } from '../network.mjs';

// Bare MQTT.js takes 44 ms for each: it gets fewer.
const CLIENTS = [
  { client: 'ours', warm: 400, count: 80 },
  { client: 'MQTT.js +noDelay', warm: 400, count: 80 },
  { client: 'MQTT.js', warm: 2, count: 1 },
];
const PAIRS = CLIENTS.slice(1).map(({ client }) => ['ours', client]);
/** All take turns this often, so that a slow moment of the machine hits all of them. */
const BLOCKS = 25;

export const latency = {
  name: 'latency',
  title: 'Command round trip at QoS 1 through mosquitto, the handler being asynchronous',
  needsMosquitto: true,
  tables: [
    { title: 'p50, us', figure: 'p50Us' },
    { title: 'p90, us', figure: 'p90Us' },
    { title: 'p99, us', figure: 'p99Us' },
    { title: 'CPU of the device, us', figure: 'cpuUs' },
  ],
  ratios: [{ title: 'p50', figure: 'p50Us', digits: 3, pairs: PAIRS }, { title: 'CPU of the device', figure: 'cpuUs', pairs: PAIRS }],

  async round({ machine, round, add }) {
    const broker = await machine.mosquitto();
    const devices = [];
    let controller;
    try {
      controller = await connectController(broker.port);
      for (const { client, warm, count } of turned(CLIENTS, round)) {
        const id = `c${round}${devices.length}`;
        const device = machine.device(client, { mode: 'answer', host: HOST, port: broker.port, id });
        devices.push({ client, count, id, device, us: [], cpuUs: 0 });
        await device.next();
        await controller.watch(id);
        await controller.roundTrips(id, warm);
      }
      for (let block = 0; block < BLOCKS; block++) {
        for (const each of devices) {
          const before = cpuUs(each.device.pid);
          each.us.push(...(await controller.roundTrips(each.id, each.count)));
          each.cpuUs += cpuUs(each.device.pid) - before;
        }
      }
      for (const { client, us, cpuUs: cpu } of devices) {
        add(client, 'Q1', { p50Us: percentile(us, 0.5), p90Us: percentile(us, 0.9), p99Us: percentile(us, 0.99), cpuUs: cpu / us.length });
      }
    } finally {
      controller?.close();
      for (const { device } of devices) await device.end();
      await broker.child.end();
    }
  },
};
