// A fleet of raw connections: node fleet-process.mjs '{"host":…,"port":…,"count":…}'. Orders:
//   { connect: n }   signs in until n are connected
//   { loadMs: ms }   every connection sends reports for that long, the next one when the last is acknowledged
import { answer, fault, takeOrders } from '../orders.mjs';
import { valuesOf } from '../report.mjs';
import { devicesOf } from './identities.mjs';
import { RawConnection } from './raw-connection.mjs';

const { host, port, count } = JSON.parse(process.argv[2]);
/** Sign-ins under way at once. */
const CONCURRENCY = 100;
const KEEPALIVE_SECONDS = 300;

const settings = { values: valuesOf(200), keepaliveSeconds: KEEPALIVE_SECONDS, now: Date.now(), onFault: fault };
const fleet = devicesOf(count).map((device) => new RawConnection(device, settings));
let begun = 0;
answer({ isReady: true });

async function connect(wanted) {
  const from = begun;
  const openNext = async () => {
    while (begun < wanted) await fleet[begun++].open({ host, port });
  };
  const took = await timed(() => Promise.all(Array.from({ length: CONCURRENCY }, openNext)));
  return { count: wanted - from, ...took };
}

async function load(loadMs) {
  let count = begun;
  const took = await timed(
    () =>
      new Promise((resolve) => {
        const end = performance.now() + loadMs;
        let open = begun;
        const next = (connection) => {
          if (performance.now() < end) {
            count++;
            connection.report(next);
          } else if (--open === 0) resolve();
        };
        for (const connection of fleet.slice(0, begun)) connection.report(next);
      }),
  );
  return { count, ...took };
}

async function timed(work) {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  await work();
  const cpu = process.cpuUsage(before);
  return { ms: performance.now() - startedAt, fleetCpuUs: cpu.user + cpu.system };
}

takeOrders((order) => ('connect' in order ? connect(order.connect) : load(order.loadMs)));
