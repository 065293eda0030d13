// 6. Sign-ins, and what an idle connection holds in the server.
import { cpuUs } from '../measure/process-figures.mjs';
import { together, turned } from '../measure/turns.mjs';
import { HOST } from '../network.mjs';

const SERVERS = ['ours', 'aedes'];
const CONNECTIONS = 5000;
/** Signed in before anything is measured: code is compiled, tables have grown. */
const WARM = 500;
/** All take turns after so many sign-ins. */
const STEP = 1000;

export const connections = {
  name: 'connections',
  title: `Sign-in and idle connections: ${CONNECTIONS} devices`,
  needsMosquitto: false,
  tables: [
    { title: 'connects per second', figure: 'perSecond' },
    { title: 'CPU of the server per connect, us', figure: 'serverCpuUs' },
    { title: 'CPU of the fleet per connect, us', figure: 'fleetCpuUs' },
    { title: 'resident memory of the server for each idle connection, KiB', figure: 'kibEach', digits: 2 },
    { title: 'of it JavaScript heap, KiB', figure: 'heapKibEach', digits: 2 },
  ],
  ratios: [
    { title: 'connects per second', figure: 'perSecond', pairs: [SERVERS] },
    { title: "server's CPU per connect", figure: 'serverCpuUs', pairs: [SERVERS] },
    { title: 'memory of an idle connection', figure: 'kibEach', pairs: [SERVERS] },
  ],

  async round({ machine, round, add, note }) {
    const stands = [];
    try {
      for (const name of turned(SERVERS, round)) {
        const { child: server, port, about } = await machine.server(name, { devices: WARM + CONNECTIONS });
        const stand = { name, server, steps: [] };
        stands.push(stand);
        note(`${name}: ${about}.`);
        stand.devices = machine.fleet({ host: HOST, port, count: WARM + CONNECTIONS });
        await stand.devices.next();
        await stand.devices.ask({ connect: WARM });
        stand.base = await server.ask({});
      }
      for (let count = WARM + STEP; count <= WARM + CONNECTIONS; count += STEP) {
        for (const { server, devices, steps } of stands) {
          const before = cpuUs(server.pid);
          const figures = await devices.ask({ connect: count });
          steps.push({ ...figures, serverCpuUs: cpuUs(server.pid) - before });
        }
      }
      for (const { name, server, steps, base } of stands) {
        const now = await server.ask({});
        const kibEach = (now.rssKiB - base.rssKiB) / CONNECTIONS;
        add(name, `${CONNECTIONS} connections`, { ...together(steps), kibEach, heapKibEach: (now.heapKiB - base.heapKiB) / CONNECTIONS });
      }
    } finally {
      for (const { server, devices } of stands) {
        await devices?.end();
        await server.end();
      }
    }
  },
};
