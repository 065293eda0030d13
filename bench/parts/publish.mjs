// 1. Reports of one device to mosquitto, which drops them: there is no subscriber.
import { cpuUs } from '../measure/process-figures.mjs';
import { together, turned } from '../measure/turns.mjs';
import { HOST } from '../network.mjs';
import { reportOf, reportTopic, valuesOf } from '../report.mjs';
import { checkSameBytes } from '../capture.mjs';

const CLIENTS = ['ours', 'MQTT.js +noDelay', 'MQTT.js', 'raw socket'];
const PAIRS = CLIENTS.slice(1).map((peer) => ['ours', peer]);
const CASES = [
  { qos: 0, bytes: 200, window: 1000 },
  { qos: 1, bytes: 200, window: 20 },
  { qos: 1, bytes: 200, window: 1000 },
  { qos: 1, bytes: 200, window: 1 },
  { qos: 0, bytes: 1024, window: 1000 },
  { qos: 1, bytes: 1024, window: 1000 },
];
const WARM_MS = 200;
/** All take turns this often, so that a slow moment of the machine hits all of them. */
const SLICES = 12;
const SLICE_MS = 60;

const nameOf = ({ qos, bytes, window }) => `Q${qos} ${bytes} B w${window}`;

export const publish = {
  name: 'publish',
  title: 'Publishing: one device to mosquitto',
  needsMosquitto: true,
  tables: [
    { title: 'reports per second', figure: 'perSecond' },
    { title: 'CPU of the client per report, us (user + system)', figure: 'cpuUs', digits: 1 },
    { title: 'CPU of the broker per report, us', figure: 'brokerCpuUs', digits: 1 },
    { title: 'share of the time that the broker was computing (near 1: it is the limit, not the client)', figure: 'brokerBusy', digits: 2 },
  ],
  ratios: [
    { title: 'rate (the last line: what the broker leaves room for)', figure: 'perSecond', pairs: [...PAIRS, ['raw socket', 'MQTT.js +noDelay']] },
    { title: 'CPU per report', figure: 'cpuUs', pairs: PAIRS },
  ],

  async prepare(machine) {
    const expected = (id, { qos, bytes }) => ({ topic: reportTopic(`${id}-${qos}`), qos, payload: JSON.stringify(reportOf(valuesOf(bytes))) });
    await checkSameBytes(machine, { clients: CLIENTS, cases: CASES, expected });
    return ['All send the same bytes (checked). Ours passes the compiled thing model, the outbox and a receipt that is awaited.'];
  },

  async round({ machine, round, add }) {
    const broker = await machine.mosquitto();
    const devices = [];
    try {
      for (const client of turned(CLIENTS, round)) {
        const device = machine.device(client, { mode: 'publish', host: HOST, port: broker.port, id: `d${round}${CLIENTS.indexOf(client)}` });
        devices.push({ client, device });
        await device.next();
      }
      for (const each of CASES) {
        for (const { device } of devices) await device.ask({ ...each, ms: WARM_MS });
        const slices = devices.map(() => []);
        for (let slice = 0; slice < SLICES; slice++) {
          for (const [index, { device }] of devices.entries()) {
            const before = cpuUs(broker.child.pid);
            const figures = await device.ask({ ...each, ms: SLICE_MS });
            slices[index].push({ ...figures, brokerCpuUs: cpuUs(broker.child.pid) - before });
          }
        }
        for (const [index, { client }] of devices.entries()) {
          const figures = together(slices[index]);
          add(client, nameOf(each), { ...figures, brokerBusy: (figures.brokerCpuUs * figures.perSecond) / 1e6 });
        }
      }
    } finally {
      for (const { device } of devices) await device.end();
      await broker.child.end();
    }
  },
};
