// 5. A fleet: many connections, each of which waits for the PUBACK of its last report. And the same where ours has stored the report by then.
import { cpuUs } from '../measure/process-figures.mjs';
import { HOST } from '../network.mjs';
import { together, turned } from '../measure/turns.mjs';

const SERVERS = ['ours', 'aedes'];
const CONNECTIONS = 1000;
/** Before anything is measured: code is compiled. */
const WARM_MS = 1000;
/** All take turns this often, so that a slow moment of the machine hits all of them. */
const SLICES = 8;
const SLICE_MS = 250;

export const fleet = fleetPart({ name: 'fleet', title: `Intake of a fleet: ${CONNECTIONS} connections, window 1, QoS 1, 200 B`, stores: false });
export const fleetStored = fleetPart({ name: 'fleet-stored', title: 'The same with a database: ours stores each report before its PUBACK, aedes keeps it in memory', stores: true });

/** `stores`: ours runs over a folder of its own, as `lianyun up --data` does. */
function fleetPart({ name: partName, title, stores }) {
  return {
    name: partName,
    title,
    needsMosquitto: false,
    tables: [
      { title: 'reports per second', figure: 'perSecond' },
      { title: 'CPU of the server per report, us', figure: 'serverCpuUs', digits: 1 },
      { title: 'CPU of the fleet per report, us', figure: 'fleetCpuUs', digits: 1 },
      { title: 'share of the time that the fleet was computing (near 1: it is the limit, not the server)', figure: 'fleetBusy', digits: 2 },
    ],
    ratios: [
      { title: 'rate', figure: 'perSecond', pairs: [SERVERS] },
      { title: "server's CPU per report", figure: 'serverCpuUs', pairs: [SERVERS] },
    ],

    async round({ machine, round, add, note }) {
      const stands = [];
      try {
        for (const name of turned(SERVERS, round)) {
          const { child: server, port, about } = await machine.server(name, { devices: CONNECTIONS, ...(stores && name === 'ours' ? { data: machine.folder() } : {}) });
          const stand = { name, server, slices: [] };
          stands.push(stand);
          note(`${name}: ${about}.`);
          stand.devices = machine.fleet({ host: HOST, port, count: CONNECTIONS });
          await stand.devices.next();
          await stand.devices.ask({ connect: CONNECTIONS });
          await stand.devices.ask({ loadMs: WARM_MS });
        }
        for (let slice = 0; slice < SLICES; slice++) {
          for (const { server, devices, slices } of stands) {
            const before = cpuUs(server.pid);
            const figures = await devices.ask({ loadMs: SLICE_MS });
            slices.push({ ...figures, serverCpuUs: cpuUs(server.pid) - before });
          }
        }
        for (const { name, server, slices } of stands) {
          const { stored } = await server.ask({});
          if (stored !== CONNECTIONS) throw new Error(`${name} has stored the reports of ${stored} devices, ${CONNECTIONS} have sent some`);
          const figures = together(slices);
          add(name, `${CONNECTIONS} connections`, { ...figures, fleetBusy: (figures.fleetCpuUs * figures.perSecond) / 1e6 });
        }
      } finally {
        for (const { server, devices } of stands) {
          await devices?.end();
          await server.end();
        }
      }
    },
  };
}
