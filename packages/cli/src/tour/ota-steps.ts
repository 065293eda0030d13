import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Platform, Upgrade } from '@lianyun/platform';
import { expect, type Checklist } from './checklist.ts';
import { OWN_SAMPLER } from './installed-sampler.ts';
import type { NorthClient } from '../north-client.ts';
import type { HuaweiThing, TencentThing, Thing, Trust } from './thing.ts';

const GOOD = '1.1.0';
const BAD = '1.2.0';
/** Time for an upgrade: two processes are started in it. */
const LIMIT_MS = 60_000;

/** Makes versions of the sampler, and signs them: whoever has them knows by its key that they are its own. */
export class Maker implements Trust {
  readonly publicKey: KeyObject;
  readonly #privateKey: KeyObject;
  readonly #signatures = new Map<string, string>();

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    this.publicKey = publicKey;
    this.#privateKey = privateKey;
  }

  /** The image of a version: this program's own sampler, which says another version; a broken one reads what cannot be. */
  image(version: string, { isBroken = false } = {}): Buffer {
    const text = readFileSync(OWN_SAMPLER, 'utf8').replace(/(VERSION = )(["'])[\d.]+\2/, `$1$2${version}$2`);
    const image = Buffer.from(isBroken ? `${text}\nmachine.sample = async () => ({ load: 0, memory: 1000, disk: 0, sampler: VERSION });\n` : text);
    this.#signatures.set(version, sign(null, createHash('sha256').update(image).digest(), this.#privateKey).toString('base64'));
    return image;
  }

  signatureOf(version: string): string {
    return this.#signatures.get(version) ?? '';
  }
}

interface OtaSteps {
  readonly platform: Platform;
  readonly north: NorthClient;
  readonly maker: Maker;
  readonly onHuawei: HuaweiThing;
  readonly onTencent: TencentThing;
}

/** New versions of what reads the figures: one takes over while the program runs, one that is no good is rolled back. */
export async function otaSteps({ platform, north, maker, onHuawei, onTencent }: OtaSteps, checklist: Checklist): Promise<void> {
  const { id: deviceId } = onHuawei.device;
  const productId = deviceId.replace(/_this$/, '');
  const upgradeHuawei = async (version: string, image: Buffer): Promise<Upgrade> => {
    const place = { bucket: 'samplers', key: `sampler-${version}` };
    await north.putObject(place, image);
    const location = { region_name: 'here', bucket_name: place.bucket, object_key: place.key, sign_method: 'SHA256', sign: createHash('sha256').update(image).digest('hex') };
    const pack = await north.huawei('POST', '/ota-upgrades/packages', { app_id: 'default', package_type: 'softwarePackage', product_id: productId, version, custom_info: maker.signatureOf(version), file_location: { obs_location: location } });
    expect(pack.status === 201, 'CreateOtaPackage did not answer 201', pack);
    const over = ended(platform, deviceId, version);
    const task = await north.huawei('POST', '/batchtasks', { app_id: 'default', task_name: `sampler ${version}`, task_type: 'softwareUpgrade', targets: [deviceId], document: { package_id: pack.body['package_id'] } });
    expect(task.status === 201, 'CreateBatchTask did not answer 201', task);
    return over;
  };
  const [ProductID = '', DeviceName = ''] = onTencent.device.id.split('/');
  const names = { ProductId: ProductID, DeviceName };
  const upgradeTencent = async (version: string, image: Buffer): Promise<Upgrade> => {
    const firmware = { ProductID, FirmwareVersion: version };
    const { body } = await north.tencent('GetCOSURL', { ...firmware, FileSize: image.length });
    expect(typeof body['Url'] === 'string', 'GetCOSURL gave no Url', body);
    await north.put(body['Url'], image);
    const uploaded = await north.tencent('UploadFirmware', { ...firmware, Md5sum: createHash('md5').update(image).digest('hex'), FileSize: image.length, FirmwareName: 'sampler' });
    expect(uploaded.body['Error'] === undefined, 'UploadFirmware failed', uploaded.body);
    const over = ended(platform, onTencent.device.id, version);
    const task = await north.tencent('BatchUpdateFirmware', { ...firmware, DeviceNames: [DeviceName], UpgradeMethod: 0 });
    expect(task.body['Error'] === undefined, 'BatchUpdateFirmware failed', task.body);
    return over;
  };
  const running = async (thing: Thing): Promise<unknown> => (await thing.report()).values['sampler'];

  await checklist.step('Huawei: a new version of the sampler takes over', async () => {
    const before = await running(onHuawei);
    expectStage(await upgradeHuawei(GOOD, maker.image(GOOD)), 'succeeded');
    const shown = await north.huawei('GET', `/devices/${deviceId}`);
    expect(shown.body['sw_version'] === GOOD, 'ShowDevice does not show the new version', shown.body);
    const after = await running(onHuawei);
    expect(after === GOOD, 'the figures are not read by the new version', after);
    return `${String(before)} > ${after}, signed, installed while this runs`;
  });

  await checklist.step('Huawei: a version that reads nonsense is rolled back', async () => {
    const { code, text } = expectStage(await upgradeHuawei(BAD, maker.image(BAD, { isBroken: true })), 'failed');
    const { body } = await north.huawei('GET', `/devices/${deviceId}`);
    expect(code === 10 && body['sw_version'] === GOOD && (await running(onHuawei)) === GOOD, 'the version before does not run', { code, body });
    return `${BAD} failed with ${code} (${text}), ${GOOD} goes on`;
  });

  await checklist.step('Tencent: a new version of the sampler takes over', async () => {
    const before = await running(onTencent);
    expectStage(await upgradeTencent(GOOD, maker.image(GOOD)), 'succeeded');
    const { body } = await north.tencent('DescribeFirmwareUpdateStatus', names);
    expect(body['Status'] === 6 && body['DstVersion'] === GOOD, 'DescribeFirmwareUpdateStatus does not say 6 (done)', body);
    const after = await running(onTencent);
    expect(after === GOOD, 'the figures are not read by the new version', after);
    return `${String(before)} > ${after}, signed, installed while this runs`;
  });

  await checklist.step('Tencent: a version that reads nonsense is rolled back', async () => {
    const { code, text } = expectStage(await upgradeTencent(BAD, maker.image(BAD, { isBroken: true })), 'failed');
    const { body } = await north.tencent('DescribeDevice', names);
    const device = body['Device'] as { readonly Version?: string } | undefined;
    expect(code === -5 && device?.Version === GOOD && (await running(onTencent)) === GOOD, 'the version before does not run', { code, body });
    return `${BAD} failed with ${code} (${text}), ${GOOD} goes on`;
  });
}

function expectStage(upgrade: Upgrade, stage: Upgrade['stage']): Upgrade {
  expect(upgrade.stage === stage, `the upgrade did not end as ${stage}`, upgrade);
  return upgrade;
}

/** Resolves when the upgrade of a device to a version is at its end. */
async function ended(platform: Platform, device: string, version: string): Promise<Upgrade> {
  const { promise, resolve, reject } = Promise.withResolvers<Upgrade>();
  const look = (upgrade: Upgrade): void => {
    if (upgrade.device === device && upgrade.to === version && !upgrade.isOpen) resolve(upgrade);
  };
  const timer = setTimeout(() => reject(new Error(`the upgrade to ${version} did not end within ${LIMIT_MS / 1000} s`)), LIMIT_MS);
  platform.on('upgrade', look);
  try {
    return await promise;
  } finally {
    platform.off('upgrade', look);
    clearTimeout(timer);
  }
}
