// 4. From spawn to connected, and what an idle device process holds.
import { setTimeout as sleep } from 'node:timers/promises';
import { residentKiB } from '../measure/process-figures.mjs';
import { spread } from '../measure/samples.mjs';
import { turned } from '../measure/turns.mjs';
import { HOST } from '../network.mjs';
import { packedProject } from '../packed.mjs';
import { withChild } from '../processes.mjs';

const CLIENTS = ['ours', 'MQTT.js'];
const STARTS = 9;
/** Until all that it loads is loaded. */
const IDLE_MS = 4000;

export const startup = {
  name: 'startup',
  title: 'Start of a device process',
  needsMosquitto: true,
  tables: [
    { title: 'spawn to connected, ms (bare node: to its first line, without connecting)', figure: 'ms' },
    { title: 'CPU until then, ms', figure: 'cpuMs' },
    { title: 'idle resident memory, MiB', figure: 'rssMiB', digits: 1 },
  ],
  ratios: [
    { title: 'spawn to connected', figure: 'ms', pairs: [CLIENTS] },
    { title: 'CPU until then', figure: 'cpuMs', pairs: [CLIENTS] },
    { title: 'idle resident memory', figure: 'rssMiB', pairs: [CLIENTS] },
  ],

  /** Warms the page cache. */
  async prepare(machine) {
    this.bench = packedProject(machine.folder());
    const broker = await machine.mosquitto();
    for (const client of CLIENTS) await startOnce(machine, { client, port: broker.port, id: 'warm', bench: this.bench });
    await broker.child.end();
    return [`A round is the median of ${STARTS} starts in turns. Ours comes from its tarball, MQTT.js is the package as it is installed.`];
  },

  async round({ machine, round, add }) {
    const broker = await machine.mosquitto();
    try {
      const starts = { ours: [], 'MQTT.js': [], 'bare node': [] };
      for (let start = 0; start < STARTS; start++) {
        for (const client of turned(CLIENTS, round + start)) starts[client].push(await startOnce(machine, { client, port: broker.port, id: `s${start}`, bench: this.bench }));
        starts['bare node'].push(await ended(machine.bareNode()));
      }
      const rssMiB = {};
      for (const client of CLIENTS) rssMiB[client] = await idleRssMiB(machine, { client, port: broker.port, bench: this.bench });
      for (const [name, list] of Object.entries(starts)) add(name, 'start', { ms: median(list, 'atMs'), cpuMs: median(list, 'cpuMs'), rssMiB: rssMiB[name] });
    } finally {
      await broker.child.end();
    }
  },
};

const median = (list, figure) => spread(list.map((each) => each[figure]))?.median;

function startOnce(machine, { client, port, id, bench }) {
  return ended(machine.device(client, { mode: 'start', host: HOST, port, id }, bench));
}

/** What a process says that ends by itself. */
function ended(child) {
  return withChild(child, async () => {
    const figures = await child.next();
    await child.ended();
    return figures;
  });
}

async function idleRssMiB(machine, { client, port, bench }) {
  return withChild(machine.device(client, { mode: 'idle', host: HOST, port, id: `idle-${client.replace(/\W/g, '')}` }, bench), async (device) => {
    await device.next();
    await sleep(IDLE_MS);
    return residentKiB(device.pid) / 1024;
  });
}
