// Fetches one file to the disk and checks its SHA-256, in a process of its own: node download-process.mjs WAY '{"host":…,"http":…,"mqtt":…,"device":…,"directory":…}'
import { answer, fault, takeOrders } from '../orders.mjs';

const [way, json] = process.argv.slice(2);
const { host, http: httpPort, mqtt, device: deviceId, directory } = JSON.parse(json);
process.on('uncaughtException', fault);

/** Makes a way ready; gives a function that resolves, after an order, with what measures and what is to be waited for. */
const WAYS = {
  /** An upgrade as a program has it: offered over MQTT, downloaded with journal, checks and progress to the cloud. */
  async ours() {
    const { Device, huawei } = await import('lianyun');
    const device = new Device({ dialect: huawei, identity: { deviceId, secret: 'bench-secret-0001' }, server: `mqtt://${host}:${mqtt}` });
    device.on('problem', fault);
    const { promise, resolve, reject } = Promise.withResolvers();
    device.ota.onOffer(async (upgrade) => {
      const stop = measure();
      await upgrade.download({ directory }).done.then(() => resolve(stop()), reject);
    });
    // The cloud subscribes its devices by itself; a plain broker has to be asked.
    device.topics.subscribe(`$oc/devices/${deviceId}/sys/events/down`, () => {}, { qos: 1 });
    await device.connect();
    await device.topics.publish(`$oc/devices/${deviceId}/sys/properties/report`, '{}', { qos: 1 }).delivered;
    return () => promise;
  },
  /** What was the fastest of the ways with node:http. */
  async 'node:http'() {
    const [{ createHash }, fs, path] = [await import('node:crypto'), await import('node:fs'), await import('node:path')];
    return async ({ bytes, sha256 }) => {
      const stop = measure();
      const { get } = await import('node:http');
      const response = await new Promise((resolve, reject) => get({ host, port: httpPort, path: `/${bytes}`, agent: false }, resolve).on('error', reject));
      const file = fs.openSync(path.join(directory, 'image'), 'w');
      const hash = createHash('sha256');
      for await (const chunk of response) {
        hash.update(chunk);
        fs.writeSync(file, chunk);
      }
      fs.fsyncSync(file);
      fs.closeSync(file);
      if (hash.digest('hex') !== sha256) throw new Error('the file is wrong');
      return stop();
    };
  },
};

function measure() {
  globalThis.gc();
  const [cpu, rss, at] = [process.cpuUsage(), process.memoryUsage.rss(), performance.now()];
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { ms: performance.now() - at, cpuMs: (user + system) / 1000, growthMiB: (process.resourceUsage().maxRSS * 1024 - rss) / 2 ** 20 };
  };
}

const run = await WAYS[way]();
answer({ isReady: true });
takeOrders((order) => run(order));
