import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isLianyunError } from '@lianyun/protocol';
import { describe, expect, it } from 'vitest';
import { StillClock } from './north/north.fixtures.ts';
import { Provisioning } from './provisioning/provisioning.ts';
import { Registry } from './registry.ts';
import { accessKeysOf, applySeed, readSeed, readSeedFile, type SeedTarget } from './seed.ts';
import { openStorage } from './storage/storage.ts';

function platform(): SeedTarget {
  const clock = new StillClock();
  const storage = openStorage({ clock });
  const registry = new Registry({ store: storage.registryStore, clock });
  const peer = { handle: () => () => undefined };
  return { registry, huawei: { provisioning: new Provisioning({ storage, registry, clock, peer, access: { client: () => undefined }, addressFor: () => undefined, problem: () => undefined }) } };
}

/** The example of the contract (architecture, section 7.5), letter for letter. */
const CONTRACT = `{ "huawei":  { "projectId": "p1", "accessKeys": [{ "ak": "AK", "sk": "SK" }],
               "products": [{ "product_id": "prod1", "name": "n", "service_capabilities": [] }],
               "devices":  [{ "device_id": "prod1_dev1", "product_id": "prod1", "node_id": "dev1", "secret": "s", "gateway_id": null }] },
  "tencent": { "accessKeys": [{ "secretId": "ID", "secretKey": "KEY" }],
               "products": [{ "ProductId": "ABCDE12345", "ProductName": "n", "ProductType": 0, "ProductSecret": "…", "RegisterType": 0, "template": {} }],
               "devices":  [{ "ProductId": "ABCDE12345", "DeviceName": "dev1", "DevicePsk": "base64" }] } }`;

/** The message of the error that reading and applying a seed ends with. */
function messageOf(text: string): string {
  try {
    applySeed(readSeed(text, 'seed.json'), platform());
  } catch (error) {
    if (isLianyunError(error, 'bad-seed')) return error.message;
    throw error;
  }
  return 'no error';
}

describe('a seed file', () => {
  it('as the contract shows it fills the registry', () => {
    const file = readSeed(CONTRACT, 'seed.json');
    const target = platform();
    expect(applySeed(file, target)).toEqual({ added: 4, kept: 0 });
    expect(file.seed.huawei?.projectId).toBe('p1');
    expect(accessKeysOf(file.seed)).toEqual({ huawei: [{ id: 'AK', secret: 'SK' }], tencent: [{ id: 'ID', secret: 'KEY' }] });
    expect(target.registry.device('huawei', 'prod1_dev1')).toMatchObject({ productId: 'prod1', nodeId: 'dev1', secret: 's' });
    expect(target.registry.device('huawei', 'prod1_dev1')).not.toHaveProperty('gateway');
    expect(target.registry.device('tencent', 'ABCDE12345/dev1')).toMatchObject({ secret: 'base64' });
    expect(target.registry.product('tencent', 'ABCDE12345')).toMatchObject({ productSecret: '…', registerType: 0 });
  });

  it('may leave out everything that is optional', () => {
    for (const text of ['{}', '{"huawei":{}}', '{"tencent":null}', '{"huawei":{"products":[{}]},"tencent":{"products":[{}]}}']) {
      expect(messageOf(text)).toBe('no error');
    }
    const target = platform();
    applySeed(readSeed('{"huawei":{"products":[{"product_id":"p"}],"devices":[{"product_id":"p","node_id":"n"},{"product_id":"p","device_id":"p_m"}]}}', 's'), target);
    expect(target.registry.device('huawei', 'p_n').secret).toMatch(/^[0-9a-f]{32}$/);
    expect(target.registry.device('huawei', 'p_m').nodeId).toBe('m');
  });

  it('leaves alone what is there already', () => {
    const target = platform();
    const file = readSeed(CONTRACT, 'seed.json');
    applySeed(file, target);
    target.registry.updateDevice('huawei', 'prod1_dev1', { secret: 'changed-since' });
    expect(applySeed(file, target)).toEqual({ added: 0, kept: 4 });
    expect(target.registry.device('huawei', 'prod1_dev1').secret).toBe('changed-since');
  });

  it('has the groups and policies that provision devices', () => {
    const secret = Buffer.alloc(32, 7).toString('base64');
    const text = `{"huawei":{"products":[{"product_id":"p"}],"provisioning":{
      "groups": [{ "scope_id": "line1", "product_id": "p", "secret": "${secret}", "device_name": "pump {device_id}" }, { "scope_id": "certs", "product_id": "p" }],
      "policies": [{ "keyword": "north", "source": "report", "address": "north.example.com:8883", "init_config": { "interval": 60 } }, { "policy_id": "all" }] } } }`;
    const target = platform();
    const file = readSeed(text, 'seed.json');
    expect(applySeed(file, target)).toEqual({ added: 5, kept: 0 });
    const { groups, policies } = target.huawei.provisioning;
    expect(groups.toReversed()).toMatchObject([{ scopeId: 'line1', productId: 'p', secret, deviceName: 'pump {device_id}' }, { scopeId: 'certs' }]);
    expect(policies.toReversed()).toMatchObject([{ keyword: 'north', source: 'report', address: 'north.example.com:8883', config: '{"interval":60}' }, { id: 'all', keyword: '', source: 'device-name' }]);
    expect(applySeed(file, target)).toEqual({ added: 0, kept: 5 });
    expect(target.huawei.provisioning.policies).toHaveLength(2);
  });

  it('may name a child before its gateway', () => {
    const target = platform();
    applySeed(readSeed('{"huawei":{"products":[{"product_id":"p"}],"devices":[{"product_id":"p","node_id":"c","gateway_id":"p_g"},{"product_id":"p","node_id":"g"}]}}', 's'), target);
    expect(target.registry.device('huawei', 'p_c').gateway).toBe('p_g');
  });

  const huawei = (members: string): string => `{\n "huawei": {\n${members}\n }\n}`;
  const tencent = (members: string): string => `{\n "tencent": {\n${members}\n }\n}`;
  const product = '"products": [{ "product_id": "prod1" }],\n';
  const lamp = '"products": [{ "ProductId": "ABCDE12345" }],\n';

  it.each([
    ['a comma too many', '{\n "huawei": {\n  "products": [],\n }\n}', 'seed.json:4:2: "}" where a name in quotes is expected'],
    ['a comma missing', '{ "huawei": {}\n  "tencent": {} }', 'seed.json:2:3: "\\"" where "," or "}" is expected'],
    ['an end too early', '{ "huawei": {', 'seed.json:1:14: the text ends where a name in quotes is expected'],
    ['a name twice', '{ "huawei": {},\n  "huawei": {} }', 'seed.json:2:3: the name "huawei" stands twice in one object'],
    ['an empty file', '', 'seed.json:1:1: the text ends where a value is expected'],
    ['no object', '[]', 'seed.json:1: the document is wrong: an object is expected'],
    ['an unknown member', '{\n "hauwei": {} }', 'seed.json:2: hauwei is unknown; did you mean "huawei"?'],
    ['an unknown member that is near none', '{\n "x": {} }', 'seed.json:2: x is unknown; known are huawei, tencent'],
    ['the other spelling', huawei('"products": [{\n"productId": "p" }]'), 'seed.json:4: huawei.products[0].productId is unknown; did you mean "product_id"?'],
    ['a member __proto__', huawei('"__proto__": {}'), 'seed.json:3: huawei.__proto__ is unknown; known are projectId, accessKeys, products, devices'],
    ['a wrong type', huawei('"products": {}'), 'seed.json:3: huawei.products is wrong: an array is expected'],
    ['a number for a text', huawei('"products": [{\n"product_id": 7 }]'), 'seed.json:4: huawei.products[0].product_id 7 is wrong: a string is expected'],
    ['a wrong word', huawei(`${product}"devices": [{ "product_id": "prod1", "node_id": "d",\n"auth_type": "PSK" }]`), 'seed.json:5: huawei.devices[0].auth_type "PSK" is wrong: one of "SECRET", "CERTIFICATES" is expected'],
    ['a missing member', huawei('"devices": [{\n}]'), 'seed.json:3: huawei.devices[0].product_id is missing'],
    ['a dangling product', huawei(`${product}"devices": [{ "node_id": "d",\n"product_id": "prod2" }]`), 'seed.json:5: huawei.devices[0].product_id "prod2" is not among the products; did you mean "prod1"?'],
    ['a dangling product that is near none', huawei('"devices": [{ "node_id": "d", "product_id": "prodX" }]'), 'seed.json:3: huawei.devices[0].product_id "prodX" is not among the products'],
    ['a dangling gateway', huawei(`${product}"devices": [{ "product_id": "prod1", "node_id": "d",\n"gateway_id": "nobody" }]`), 'seed.json:5: huawei.devices[0].gateway_id "nobody" is not among the devices'],
    ['a device without a name', huawei(`${product}"devices": [\n{ "product_id": "prod1" }]`), 'seed.json:5: huawei.devices[0] names no device: device_id or node_id is expected'],
    ['a product twice', huawei('"products": [{ "product_id": "a" },\n{ "product_id": "a" }]'), 'seed.json:4: huawei.products[1].product_id "a" is there already, as huawei.products[0]'],
    ['a device twice', huawei(`${product}"devices": [{ "product_id": "prod1", "node_id": "d" },\n{ "device_id": "prod1_d", "product_id": "prod1" }]`), 'seed.json:5: huawei.devices[1].device_id "prod1_d" is there already, as huawei.devices[0]'],
    ['an access key twice', huawei('"accessKeys": [{ "ak": "A", "sk": "x" },\n{ "ak": "A", "sk": "y" }]'), 'seed.json:4: huawei.accessKeys[1].ak "A" is there already, as huawei.accessKeys[0]'],
    ['a secret that is too long', huawei(`${product}"devices": [{ "product_id": "prod1", "node_id": "d",\n"secret": "hush${'x'.repeat(61)}" }]`), 'seed.json:5: huawei.devices[0].secret (not shown) is wrong: 1 to 64 visible ASCII characters is expected'],
    ['an empty access key', huawei('"accessKeys": [{ "ak": "A",\n"sk": "" }]'), 'seed.json:4: huawei.accessKeys[0].sk (not shown) is wrong: a text that is not empty is expected'],
    ['a model that cannot be read', huawei('"products": [{ "product_id": "p", "service_capabilities": [{ "service_id": "s", "properties": [\n{ "property_name": "a", "method": "R",\n"data_type": "integer" }] }] }]'), 'seed.json:5: huawei.products[0].service_capabilities[0].properties[0].data_type is refused: '],
    ['a group of no product', huawei(`${product}"provisioning": { "groups": [{ "scope_id": "s",\n"product_id": "prod" }] }`), 'seed.json:5: huawei.provisioning.groups[0].product_id "prod" is not among the products; did you mean "prod1"?'],
    ['a group twice', huawei(`${product}"provisioning": { "groups": [{ "scope_id": "s", "product_id": "prod1" },\n{ "scope_id": "s", "product_id": "prod1" }] }`), 'seed.json:5: huawei.provisioning.groups[1].scope_id "s" is there already'],
    ["a group's secret that is too short", huawei(`${product}"provisioning": { "groups": [{ "product_id": "prod1", "scope_id": "s",\n"secret": "hush" }] }`), 'seed.json:5: huawei.provisioning.groups[0].secret (not shown) is wrong: base64 of 32 to 128 bytes is expected'],
    ['a group whose scope has a space', huawei(`${product}"provisioning": { "groups": [{ "product_id": "prod1",\n"scope_id": "a b" }] }`), 'seed.json:5: huawei.provisioning.groups[0].scope_id "a b" is wrong: 1 to 64 letters, digits, _ and -, not ending in a digit, _ and ten digits is expected'],
    ['a group whose scope ends like a signature', huawei(`${product}"provisioning": { "groups": [{ "product_id": "prod1",\n"scope_id": "a_1_2025010203" }] }`), 'seed.json:5: huawei.provisioning.groups[0].scope_id "a_1_2025010203" is wrong: 1 to 64 letters, digits, _ and -, not ending in a digit, _ and ten digits is expected'],
    ['a policy that leads nowhere', huawei('"provisioning": { "policies": [{\n"address": "nowhere" }] }'), 'seed.json:4: huawei.provisioning.policies[0].address "nowhere" is wrong: host:port is expected'],
    ['a certificate that is none', huawei('"provisioning": { "policies": [{\n"ca_certificate": "x" }] }'), 'seed.json:4: huawei.provisioning.policies[0].ca_certificate "x" is wrong: a certificate in PEM form is expected'],
    ['a Tencent id in small letters', tencent('"products": [{\n"ProductId": "abcde12345" }]'), 'seed.json:4: tencent.products[0].ProductId "abcde12345" is wrong: 10 of A–Z and 0–9 is expected'],
    ['a Tencent device of no product', tencent('"devices": [{ "DeviceName": "d",\n"ProductId": "ABCDE12345" }]'), 'seed.json:4: tencent.devices[0].ProductId "ABCDE12345" is not among the products'],
    ['a PSK that is no base64', tencent(`${lamp}"devices": [{ "ProductId": "ABCDE12345", "DeviceName": "d",\n"DevicePsk": "hush!" }]`), 'seed.json:5: tencent.devices[0].DevicePsk (not shown) is wrong: base64 of 1 to 48 bytes is expected'],
    ['a Tencent device twice', tencent(`${lamp}"devices": [{ "ProductId": "ABCDE12345", "DeviceName": "d" },\n{ "ProductId": "ABCDE12345",\n"DeviceName": "d" }]`), 'seed.json:6: tencent.devices[1].DeviceName "ABCDE12345/d" is there already, as tencent.devices[0]'],
    ['a template that cannot be read', tencent('"products": [{ "ProductId": "ABCDE12345", "template": { "properties": [{ "id": "a",\n"mode": "w", "define": { "type": "bool" } }] } }]'), 'seed.json:4: tencent.products[0].template.properties[0].mode is refused: '],
  ])('with %s is refused, with line and cause', (_what, text, words) => {
    const message = messageOf(text);
    expect(message.slice(0, words.length)).toBe(words);
    expect(message).not.toContain('hush');
  });

  it('names all its faults, in the order of the file', () => {
    const text = '{\n "tencent": { "produkts": [] },\n "huawei": {\n  "projectId": 5,\n  "devices": 7 } }';
    expect(messageOf(text).split('\n')).toEqual([
      'seed.json:2: tencent.produkts is unknown; did you mean "products"?',
      'seed.json:4: huawei.projectId 5 is wrong: a string is expected',
      'seed.json:5: huawei.devices 7 is wrong: an array is expected',
    ]);
  });

  it('is read from disk, and one that is not there is refused by name', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'lianyun-seed-'));
    const file = path.join(directory, 'my-seed.json');
    expect(() => readSeedFile(file)).toThrow(expect.objectContaining({ code: 'bad-seed', message: expect.stringContaining(file) }));
    writeFileSync(file, CONTRACT);
    expect(readSeedFile(file).seed.huawei?.devices).toHaveLength(1);
    writeFileSync(file, '{');
    expect(() => readSeedFile(file)).toThrow(/^my-seed\.json:1:2: /);
    rmSync(directory, { recursive: true });
  });
});
