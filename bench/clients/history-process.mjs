// A storage with many reports, over the bundle: node history-process.mjs '{"directory":…}'. Orders:
//   { fill: n }   n reports, half of them of one device; then it is closed
//   { ask: ms }   opens it, asks for pages for that long, closes it
//   { crash: n }  opens it, n reports, and does not close it: whoever ends the process then leaves what a kill leaves
//   { open: true }  opens and closes it
import { answer, takeOrders } from '../orders.mjs';
import { percentile } from '../measure/samples.mjs';

const { directory } = JSON.parse(process.argv[2]);
const { openStorage } = await import('@lianyun/platform');
/** Of each device but the one that has half of all. */
const REPORTS = 50;
const BUSY = 'p_d1';
const DAY_MS = 86_400_000;
const OPTIONS = { directory, historyDays: 365 };
answer({ isReady: true });

async function fill(reports) {
  const storage = openStorage(OPTIONS);
  const devices = reports / 2 / REPORTS + 1;
  const now = Date.now();
  const { registryStore, twins } = storage;
  for (let number = 1; number <= devices; number++) {
    const serial = registryStore.nextSerial();
    registryStore.putDevice({ cloud: 'huawei', device: `p_d${number}`, productId: 'p', nodeId: `d${number}`, name: `d${number}`, secret: 'secret', authType: 'secret', secureAccess: false, enabled: true, createdAt: now, serial });
  }
  for (let number = 0; number < reports; number++) {
    const device = number % 2 === 0 ? BUSY : `p_d${2 + ((number >> 1) % (devices - 1))}`;
    // Ten months up to now.
    const at = now - Math.floor(((reports - number) * 300 * DAY_MS) / reports);
    twins.report('huawei', device, [{ service: 'env', values: { temperature: 20 + (number % 90) / 10, humidity: number % 100, note: 'x'.repeat(40) }, at }], now);
    if (number % 2000 === 1999) await storage.stored();
  }
  await storage.stored();
  await storage.close();
  return { reports, devices };
}

async function ask(ms) {
  const { storage, startMs } = opened();
  const { registryStore, history } = storage;
  const page = (more) => history.query({ cloud: 'huawei', device: BUSY, service: 'env', property: 'temperature', from: 0, to: Date.now(), limit: 50, ...more });
  const { total } = registryStore.devices({ cloud: 'huawei', limit: 1 });
  let before;
  const questions = {
    'history page': () => ({ next: before } = page(before === undefined ? {} : { before })),
    'device page': () => registryStore.devices({ cloud: 'huawei', productId: 'p', limit: 50, before: 51 + Math.floor(Math.random() * (total - 50)) }),
  };
  const figures = {};
  for (const [name, question] of Object.entries(questions)) {
    const times = [];
    for (const end = performance.now() + ms; performance.now() < end; ) {
      const asked = performance.now();
      question();
      times.push((performance.now() - asked) * 1000);
    }
    figures[name] = { p50Us: percentile(times, 0.5) };
  }
  await storage.close();
  return { ...figures, start: { startMs } };
}

/** Opens the storage, and tells how long that took. */
function opened() {
  const from = performance.now();
  const storage = openStorage(OPTIONS);
  return { storage, startMs: performance.now() - from };
}

async function crash(reports) {
  const { storage } = opened();
  const { total } = storage.registryStore.devices({ cloud: 'huawei', limit: 1 });
  const now = Date.now();
  for (let number = 0; number < reports; number++) {
    storage.twins.report('huawei', `p_d${1 + (number % total)}`, [{ service: 'env', values: { temperature: 20 + (number % 90) / 10, humidity: number % 100, note: 'x'.repeat(40) }, at: now + number }], now);
    if (number % 2000 === 1999) await storage.stored();
  }
  await storage.stored();
  return { reports };
}

async function open() {
  const { storage, startMs } = opened();
  await storage.close();
  return { startMs };
}

takeOrders((order) => ('fill' in order ? fill(order.fill) : 'crash' in order ? crash(order.crash) : 'open' in order ? open() : ask(order.ask)));
