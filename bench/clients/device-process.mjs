// One device in one process: node device-process.mjs CLIENT '{"mode":…,"host":…,"port":…,"id":…}'
//   start    connects, says so and ends
//   idle     connects, says so and stays
//   answer   answers commands
//   publish  publishes as it is told to
import { answer, fault, takeOrders } from '../orders.mjs';
import { loadClient } from './catalogue.mjs';

const [name, json] = process.argv.slice(2);
const { mode, ...options } = JSON.parse(json);
process.on('uncaughtException', fault);

const client = await loadClient(name);

if (mode === 'start') {
  await client.connect(options);
  const { user, system } = process.cpuUsage();
  answer({ isConnected: true, cpuMs: (user + system) / 1000 });
  process.exit(0);
} else if (mode === 'idle') {
  await client.connect(options);
  answer({ isConnected: true });
  takeOrders(() => ({}));
} else if (mode === 'answer') {
  const { COMMAND } = await import('../report.mjs');
  const device = await client.connect({ ...options, checks: true });
  await device.handle(COMMAND, () => new Promise((resolve) => setImmediate(resolve)));
  await device.subscribe();
  await device.fence();
  answer({ isReady: true });
  takeOrders(() => ({}));
} else {
  const [{ pump }, { valuesOf }] = await Promise.all([import('./pump.mjs'), import('../report.mjs')]);
  const devices = [];
  for (const qos of [0, 1]) devices.push(await client.connect({ ...options, id: `${options.id}-${qos}`, qos, checks: true }));
  answer({ isReady: true });

  const publishOne = async (device, values) => {
    await new Promise((resolve) => device.report(values, resolve));
    await device.fence();
    return {};
  };
  const publishMany = async (device, values, how) => {
    const startedAt = performance.now();
    const cpuBefore = process.cpuUsage();
    const count = await (device.run === undefined ? pump(device, values, how) : device.run(values, how));
    await device.fence();
    const cpu = process.cpuUsage(cpuBefore);
    return { count, ms: performance.now() - startedAt, cpuUs: cpu.user + cpu.system };
  };
  takeOrders(({ qos, bytes, once = false, ...how }) => (once ? publishOne : publishMany)(devices[qos], valuesOf(bytes), how));
}
