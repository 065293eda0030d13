import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isLianyunError, LianyunError, stringifyExact } from '@lianyun/protocol';
import * as v from 'valibot';
import { mapJson, readPath, showPath, valueAt, type JsonMap, type JsonPath } from './json-map.ts';
import type { AccessKey } from './keys.ts';
import { nearest } from './nearest.ts';
import type { DeviceDraft, ProductDraft } from './records.ts';
import type { Provisioning } from './provisioning/provisioning.ts';
import type { Registry } from './registry.ts';
import { fingerprintOf, seedSchema, type HuaweiSeed, type Seed, type TencentSeed } from './seed-schema.ts';

const SHOWN = 10;

/** A seed file that was read: what it says, and where it says so. */
export interface SeedFile {
  readonly seed: Seed;
  /** An error about one of its values, with file and line. */
  fault(path: JsonPath, what: string, cause?: unknown): LianyunError;
}

/** How many records a seed added, and how many were there already and were left as they are. */
export interface SeedResult {
  readonly added: number;
  readonly kept: number;
}

/** Reads the seed file. Fails with `bad-seed`, naming file, line, member and cause. */
export function readSeedFile(file: string): SeedFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const why = isMissing ? `there is no such file (looked for ${path.resolve(file)})` : cause instanceof Error ? cause.message : String(cause);
    throw new LianyunError('bad-seed', `The seed file ${file} cannot be read: ${why}`, { cause });
  }
  return readSeed(text, path.basename(file));
}

/** Reads the text of a seed; `name` is what its errors call the file. */
export function readSeed(text: string, name: string): SeedFile {
  const map = mapJson(text, ({ line, column }, what) => new LianyunError('bad-seed', `${name}:${line}:${column}: ${what}`));
  const say = (at: JsonPath, what: string): string => `${name}:${map.where(at).line}: ${showPath(at) || 'the document'} ${what}`;
  const result = v.safeParse(seedSchema, map.value);
  if (!result.success) {
    const faults = result.issues.map((issue) => describe(issue, map)).sort((a, b) => map.where(a.path).line - map.where(b.path).line);
    const lines = faults.slice(0, SHOWN).map(({ path: at, what }) => say(at, what));
    const more = faults.length > SHOWN ? [`… and ${faults.length - SHOWN} more`] : [];
    throw new LianyunError('bad-seed', [...lines, ...more].join('\n'), { path: showPath(faults[0]?.path ?? []) });
  }
  const file: SeedFile = {
    seed: result.output,
    fault: (at, what, cause) => new LianyunError('bad-seed', say(at, what), { path: showPath(at), ...(cause === undefined ? {} : { cause }) }),
  };
  checkReferences(file);
  return file;
}

/** The access keys of a seed. */
export function accessKeysOf({ huawei, tencent }: Seed): { readonly huawei: readonly AccessKey[]; readonly tencent: readonly AccessKey[] } {
  return {
    huawei: (huawei?.accessKeys ?? []).map(({ ak, sk }) => ({ id: ak, secret: sk })),
    tencent: (tencent?.accessKeys ?? []).map(({ secretId, secretKey }) => ({ id: secretId, secret: secretKey })),
  };
}

/** What a seed is put into. */
export interface SeedTarget {
  readonly registry: Registry;
  readonly huawei: { readonly provisioning: Provisioning };
}

/** Puts the products, devices, and what provisions devices of a seed into a platform; what exists already stays as it is. Fails with `bad-seed`. */
export function applySeed(file: SeedFile, { registry, huawei: { provisioning } }: SeedTarget): SeedResult {
  let [added, kept] = [0, 0];
  const add = (at: JsonPath, exists: boolean, create: () => void): void => {
    if (exists) kept++;
    else {
      attempt(file, at, create);
      added++;
    }
  };
  const { huawei, tencent } = file.seed;
  const addProduct = (at: JsonPath, draft: ProductDraft): void => {
    const exists = draft.productId !== undefined && registry.findProduct(draft.cloud, draft.productId) !== undefined;
    add(at, exists, () => registry.createProduct(draft, '$'));
  };
  const addDevice = (at: JsonPath, draft: DeviceDraft): void => {
    const ref = draft.device ?? (draft.cloud === 'huawei' ? `${draft.productId}_${draft.nodeId}` : `${draft.productId}/${draft.nodeId}`);
    add(at, registry.findDevice(draft.cloud, ref) !== undefined, () => registry.createDevice(draft));
  };
  huawei?.products.forEach((product, index) => addProduct(['huawei', 'products', index, 'service_capabilities'], huaweiProduct(product)));
  tencent?.products.forEach((product, index) => addProduct(['tencent', 'products', index, 'template'], tencentProduct(product)));
  // A gateway has to be there before those that connect through it.
  const devices = (huawei?.devices ?? []).map((device, index) => ({ device, index }));
  for (const { device, index } of [...devices.filter((each) => each.device.gateway_id === undefined), ...devices.filter((each) => each.device.gateway_id !== undefined)]) {
    addDevice(['huawei', 'devices', index], huaweiDevice(device));
  }
  tencent?.devices.forEach((device, index) => {
    addDevice(['tencent', 'devices', index], { cloud: 'tencent', productId: device.ProductId, nodeId: device.DeviceName, ...given({ secret: device.DevicePsk, ...certificateOf(device) }) });
  });
  const known = { groups: new Set(provisioning.groups.map(({ scopeId }) => scopeId)), policies: new Set(provisioning.policies.map(({ id }) => id)) };
  huawei?.provisioning?.groups.forEach((group, index) => {
    add(['huawei', 'provisioning', 'groups', index], known.groups.has(group.scope_id), () => provisioning.putGroup(provisioningGroup(group)));
  });
  huawei?.provisioning?.policies.forEach((policy, index) => {
    // One without an id is the one at its place: a seed is read at every start.
    const id = policy.policy_id ?? `seed-${index + 1}`;
    add(['huawei', 'provisioning', 'policies', index], known.policies.has(id), () => provisioning.putPolicy(provisioningPolicy(id, policy)));
  });
  return { added, kept };
}

/** The members that have a value. */
function given<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> }; // the others are gone
}

/** A Tencent device that was given its certificate is known by it. */
function certificateOf({ DeviceCert: pem }: TencentSeed['devices'][number]): Pick<DeviceDraft, 'authType' | 'fingerprint' | 'certificate'> {
  const fingerprint = pem === undefined ? undefined : fingerprintOf(pem);
  return pem === undefined || fingerprint === undefined ? {} : { authType: 'certificate', fingerprint, certificate: pem };
}

function huaweiProduct(product: HuaweiSeed['products'][number]): ProductDraft {
  return {
    cloud: 'huawei',
    name: product.name ?? product.product_id ?? 'product',
    ...given({
      productId: product.product_id,
      deviceType: product.device_type,
      protocolType: product.protocol_type,
      dataFormat: product.data_format,
      manufacturerName: product.manufacturer_name,
      industry: product.industry,
      description: product.description,
      appId: product.app_id,
      model: product.service_capabilities,
    }),
  };
}

function tencentProduct(product: TencentSeed['products'][number]): ProductDraft {
  return {
    cloud: 'tencent',
    name: product.ProductName ?? product.ProductId ?? 'product',
    ...given({
      productId: product.ProductId,
      productType: product.ProductType,
      productSecret: product.ProductSecret,
      registerType: product.RegisterType,
      registerLimit: product.RegisterLimit,
      categoryId: product.CategoryId,
      encryptionType: product.EncryptionType,
      netType: product.NetType,
      dataProtocol: product.DataProtocol,
      description: product.ProductDesc,
      projectId: product.ProjectId,
      model: product.template,
    }),
  };
}

type HuaweiDevice = HuaweiSeed['devices'][number];

const nodeOf = (device: HuaweiDevice): string => {
  const prefix = `${device.product_id}_`;
  const id = device.device_id ?? '';
  return device.node_id ?? (id.startsWith(prefix) ? id.slice(prefix.length) : id);
};

function huaweiDevice(device: HuaweiDevice): DeviceDraft {
  return {
    cloud: 'huawei',
    productId: device.product_id,
    nodeId: nodeOf(device),
    ...given({
      device: device.device_id,
      name: device.device_name,
      authType: device.auth_type === undefined ? undefined : device.auth_type === 'SECRET' ? ('secret' as const) : ('certificate' as const),
      secret: device.secret,
      fingerprint: device.fingerprint,
      secureAccess: device.secure_access,
      gateway: device.gateway_id,
      description: device.description,
      appId: device.app_id,
    }),
  };
}

type ProvisioningSeed = NonNullable<HuaweiSeed['provisioning']>;

function provisioningGroup(group: ProvisioningSeed['groups'][number]): Parameters<Provisioning['putGroup']>[0] {
  return { scopeId: group.scope_id, productId: group.product_id, ...given({ secret: group.secret, authority: group.ca_certificate, deviceName: group.device_name }) };
}

function provisioningPolicy(id: string, policy: ProvisioningSeed['policies'][number]): Parameters<Provisioning['putPolicy']>[0] {
  return {
    id,
    keyword: policy.keyword ?? '',
    source: policy.source === 'report' ? 'report' : 'device-name',
    ...given({ authority: policy.ca_certificate, address: policy.address, config: policy.init_config === undefined ? undefined : stringifyExact(policy.init_config) }),
  };
}

/** Does it; what the registry or the model's reader refuses becomes an error about the seed. */
function attempt(file: SeedFile, at: JsonPath, create: () => void): void {
  try {
    create();
  } catch (cause) {
    if (!isLianyunError(cause)) throw cause;
    const inner = cause.code === 'bad-config' ? readPath(cause.place.path ?? '$') : [];
    const owner = cause.code === 'bad-config' ? at : at.slice(0, at[1] === 'provisioning' ? 4 : 3);
    throw file.fault([...owner, ...inner], `is refused: ${cause.message}`, cause);
  }
}

function describe(issue: v.BaseIssue<unknown>, map: JsonMap): { readonly path: JsonPath; readonly what: string } {
  const at = (issue.path ?? []).map((step) => step.key as string | number); // keys of JSON values are nothing else
  const found = valueAt(map.value, at);
  const isAboutName = issue.message.startsWith('is ');
  const isSecret = /secret|psk|^sk$/i.test(String(at.at(-1)));
  const shown = found === undefined || isAboutName ? '' : isSecret ? '(not shown) ' : typeof found === 'object' && found !== null ? '' : `${stringifyExact(found).slice(0, 80)} `;
  return { path: at, what: isAboutName ? issue.message : `${shown}is wrong: ${issue.message}` };
}

/** What one member says of another: nothing twice, nothing that points nowhere. */
function checkReferences(file: SeedFile): void {
  const { huawei, tencent } = file.seed;
  const distinct = (at: JsonPath, member: string, values: readonly (string | undefined)[]): void => {
    const first = new Map<string, number>();
    values.forEach((value, index) => {
      const before = value === undefined ? undefined : first.get(value);
      if (before !== undefined) throw file.fault([...at, index, member], `${JSON.stringify(value)} is there already, as ${showPath([...at, before])}`);
      if (value !== undefined) first.set(value, index);
    });
  };
  const known = (at: JsonPath, value: string | undefined, names: readonly (string | undefined)[], words: string): void => {
    if (value === undefined || names.includes(value)) return;
    const near = nearest(value, names.filter((name) => name !== undefined));
    throw file.fault(at, `${JSON.stringify(value)} is not among the ${words}${near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`}`);
  };
  if (huawei !== undefined) {
    const products = huawei.products.map((product) => product.product_id);
    const devices = huawei.devices.map((device) => device.device_id ?? `${device.product_id}_${nodeOf(device)}`);
    distinct(['huawei', 'accessKeys'], 'ak', huawei.accessKeys.map((key) => key.ak));
    distinct(['huawei', 'products'], 'product_id', products);
    huawei.devices.forEach((device, index) => {
      const at = ['huawei', 'devices', index] as const;
      if (device.device_id === undefined && device.node_id === undefined) throw file.fault(at, 'names no device: device_id or node_id is expected');
      known([...at, 'product_id'], device.product_id, products, 'products');
      known([...at, 'gateway_id'], device.gateway_id, devices, 'devices');
    });
    distinct(['huawei', 'devices'], 'device_id', devices);
    const { groups = [], policies = [] } = huawei.provisioning ?? {};
    distinct(['huawei', 'provisioning', 'groups'], 'scope_id', groups.map((group) => group.scope_id));
    distinct(['huawei', 'provisioning', 'policies'], 'policy_id', policies.map((policy) => policy.policy_id));
    groups.forEach((group, index) => {
      const at = ['huawei', 'provisioning', 'groups', index] as const;
      known([...at, 'product_id'], group.product_id, products, 'products');
      if (group.secret !== undefined && group.ca_certificate !== undefined) throw file.fault([...at, 'ca_certificate'], 'is there beside a secret: one of them is expected');
    });
  }
  if (tencent !== undefined) {
    const products = tencent.products.map((product) => product.ProductId);
    distinct(['tencent', 'accessKeys'], 'secretId', tencent.accessKeys.map((key) => key.secretId));
    distinct(['tencent', 'products'], 'ProductId', products);
    tencent.devices.forEach((device, index) => known(['tencent', 'devices', index, 'ProductId'], device.ProductId, products, 'products'));
    distinct(['tencent', 'devices'], 'DeviceName', tencent.devices.map((device) => `${device.ProductId}/${device.DeviceName}`));
  }
}
