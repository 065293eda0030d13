// Many devices in one process, each with one command handler: node --expose-gc crowd-process.mjs CLIENT '{"host":…,"port":…,"id":…}'
// The order { count } brings their number to `count`.
import { setTimeout as sleep } from 'node:timers/promises';
import { answer, fault, takeOrders } from '../orders.mjs';
import { COMMAND } from '../report.mjs';
import { loadClient } from './catalogue.mjs';

const [name, json] = process.argv.slice(2);
const { id, ...options } = JSON.parse(json);
/** Sign-ins under way at once. */
const CONCURRENCY = 50;
process.on('uncaughtException', fault);

const client = await loadClient(name);
const devices = [];
let begun = 0;

async function addOne() {
  const device = await client.connect({ ...options, id: `${id}-${begun++}` });
  await device.handle(COMMAND, () => {});
  devices.push(device);
}

/** What the process holds when it has come to rest. */
async function settledKiB() {
  await sleep(700);
  globalThis.gc();
  await sleep(300);
  const { rss, heapUsed } = process.memoryUsage();
  return { rss: rss / 1024, heap: heapUsed / 1024 };
}

// From the loaded library, before anything connects: what the first device adds for all belongs to the crowd as well.
const base = await settledKiB();
let last = { count: 0, ...base };
answer({ isReady: true });

takeOrders(async ({ count }) => {
  const added = count - devices.length;
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  const addNext = async () => {
    while (begun < count) await addOne();
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, addNext));
  const tookMs = performance.now() - startedAt;
  const cpu = process.cpuUsage(cpuBefore);
  const now = { count, ...(await settledKiB()) };
  const kibOfLast = (now.rss - last.rss) / added;
  last = now;
  return {
    perSecond: (added / tookMs) * 1000,
    cpuUs: (cpu.user + cpu.system) / added,
    kibEach: (now.rss - base.rss) / count,
    kibOfLast,
    heapKibEach: (now.heap - base.heap) / count,
    rssMiB: now.rss / 1024,
  };
});
