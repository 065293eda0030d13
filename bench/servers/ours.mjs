// Our platform: signs devices in with their secrets, decodes what they report, judges it by the product's model, keeps their twins.
import { CAPABILITIES } from '../report.mjs';
import { devicesOf, PRODUCT } from '../fleet/identities.mjs';
import { fault } from '../orders.mjs';
import { serve } from './server-process.mjs';

/** The only place that knows how a platform is made: empty but for the seed, in memory or over a folder. */
async function startPlatform(host, seed, directory) {
  const { accessKeysOf, applySeed, openStorage, Platform, readSeed } = await import('@lianyun/platform');
  const file = readSeed(JSON.stringify(seed), 'bench');
  const storage = openStorage({ directory });
  const platform = new Platform({ keys: accessKeysOf(file.seed), storage });
  applySeed(file, platform);
  // Nothing that is measured gives cause for either: a refused sign-in or report would make the figures worthless.
  platform.on('notice', ({ text }) => fault(new Error(text)));
  platform.on('problem', fault);
  const { mqtt } = await platform.listen({ host, mqtt: 0, http: 0 });
  const hasStored = (deviceId) => platform.twins.read('huawei', deviceId).some(({ reported }) => reported !== undefined);
  return { port: mqtt, hasStored };
}

await serve(async ({ host, devices, data }) => {
  const known = devicesOf(devices);
  const seed = {
    huawei: {
      accessKeys: [{ ak: 'BENCHBENCHBENCHBENCH', sk: 'bench-bench-bench-bench-bench' }],
      products: [{ product_id: PRODUCT, name: PRODUCT, service_capabilities: CAPABILITIES }],
      devices: known.map(({ deviceId, nodeId, secret }) => ({ device_id: deviceId, product_id: PRODUCT, node_id: nodeId, secret })),
    },
    tencent: { accessKeys: [{ secretId: 'AKIDbenchbenchbench', secretKey: 'bench-bench-bench-bench-bench' }] },
  };
  const { port, hasStored } = await startPlatform(host, seed, data);
  return {
    port,
    about: `checks the signature of every sign-in; decodes and judges each report and keeps the twins${data === undefined ? '' : ', in SQLite, synced to the disk before the PUBACK'}`,
    countStored: () => known.filter(({ deviceId }) => hasStored(deviceId)).length,
  };
});
