import { beforeEach, describe, expect, it } from 'vitest';
import { StillClock } from './north/north.fixtures.ts';
import { MemoryRegistryStore } from './registry-store.ts';
import { Registry } from './registry.ts';

let registry: Registry;
const clock = new StillClock();
beforeEach(() => {
  registry = new Registry({ store: new MemoryRegistryStore(), clock });
});

const failing = (code: string, words: string) => expect.objectContaining({ code, message: expect.stringContaining(words) });

describe('the registry', () => {
  it('makes up what is left out, in the form of each cloud', () => {
    const huawei = registry.createProduct({ cloud: 'huawei', name: 'lamp' });
    const tencent = registry.createProduct({ cloud: 'tencent', name: 'lamp' });
    expect(huawei).toMatchObject({ productId: expect.stringMatching(/^[0-9a-f]{24}$/), protocolType: 'MQTT', dataFormat: 'json', model: [], createdAt: clock.now() });
    expect(tencent).toMatchObject({ productId: expect.stringMatching(/^[A-Z0-9]{10}$/), productType: 0, registerType: 0, productSecret: expect.stringMatching(/^[A-Za-z0-9]{24}$/) });
    const a = registry.createDevice({ cloud: 'huawei', productId: huawei.productId, nodeId: 'd1' });
    expect(a).toMatchObject({ device: `${huawei.productId}_d1`, name: 'd1', secret: expect.stringMatching(/^[0-9a-f]{32}$/), authType: 'secret', enabled: true });
    const b = registry.createDevice({ cloud: 'tencent', productId: tencent.productId, nodeId: 'd1' });
    expect(b.device).toBe(`${tencent.productId}/d1`);
    expect(Buffer.from(b.secret, 'base64')).toHaveLength(16);
  });

  it('knows the devices of a gateway through every move', () => {
    registry.createProduct({ cloud: 'huawei', productId: 'p', name: 'p' });
    for (const nodeId of ['g', 'h', 'a']) registry.createDevice({ cloud: 'huawei', productId: 'p', nodeId });
    const names = (gateway: string) => registry.childrenOf('huawei', gateway).map(({ device }) => device);
    registry.updateDevice('huawei', 'p_a', { gateway: 'p_g' });
    registry.updateDevice('huawei', 'p_a', { name: 'A' });
    expect(registry.listDevices({ cloud: 'huawei', gateway: 'p_g', limit: 9 })).toMatchObject({ total: 1, items: [{ name: 'A' }] });
    registry.updateDevice('huawei', 'p_a', { gateway: 'p_h', wantsOnline: true });
    expect([names('p_g'), names('p_h')]).toEqual([[], ['p_a']]);
    registry.release('huawei', 'p_a');
    expect(registry.device('huawei', 'p_a')).not.toHaveProperty('wantsOnline');
    expect([names('p_h'), registry.device('huawei', 'p_a').gateway]).toEqual([[], undefined]);
    registry.updateDevice('huawei', 'p_a', { gateway: 'p_g' });
    registry.deleteDevice('huawei', 'p_a');
    expect(names('p_g')).toEqual([]);
  });

  it('keeps the clouds apart', () => {
    registry.createProduct({ cloud: 'tencent', productId: 'ABCDE12345', name: 'a' });
    registry.createProduct({ cloud: 'huawei', productId: 'ABCDE12345', name: 'b' });
    expect(registry.product('tencent', 'ABCDE12345').name).toBe('a');
    expect(registry.product('huawei', 'ABCDE12345').name).toBe('b');
  });

  it('says what is not allowed, what is, and never shows a secret', () => {
    registry.createProduct({ cloud: 'huawei', productId: 'p', name: 'p' });
    registry.createProduct({ cloud: 'tencent', productId: 'ABCDE12345', name: 'p' });
    expect(() => registry.createProduct({ cloud: 'huawei', productId: 'a b', name: 'x' })).toThrow(failing('bad-input', 'the product id "a b" is not allowed: 1 to 36'));
    expect(() => registry.createProduct({ cloud: 'tencent', productId: 'abc', name: 'x' })).toThrow(failing('bad-input', '10 of A–Z'));
    expect(() => registry.createProduct({ cloud: 'huawei', name: '' })).toThrow(failing('bad-input', 'product name'));
    expect(() => registry.createDevice({ cloud: 'huawei', productId: 'p', nodeId: 'a/b' })).toThrow(failing('bad-input', 'node id'));
    expect(() => registry.createDevice({ cloud: 'tencent', productId: 'ABCDE12345', nodeId: 'a/b' })).toThrow(failing('bad-input', 'device name'));
    expect(() => registry.createDevice({ cloud: 'huawei', productId: 'p', nodeId: 'a', fingerprint: 'xyz' })).toThrow(failing('bad-input', '40 or 64 hex digits'));
    for (const [cloud, productId] of [['huawei', 'p'], ['tencent', 'ABCDE12345']] as const) {
      const secret = `${'hush'.repeat(20)}!`;
      expect(() => registry.createDevice({ cloud, productId, nodeId: 'a', secret })).toThrow(expect.objectContaining({ code: 'bad-input', message: expect.not.stringContaining('hush') }));
    }
  });

  it('refuses what exists already, what points nowhere, and to delete what is in use', () => {
    registry.createProduct({ cloud: 'huawei', productId: 'p', name: 'p' });
    registry.createDevice({ cloud: 'huawei', productId: 'p', nodeId: 'gw' });
    registry.createDevice({ cloud: 'huawei', productId: 'p', nodeId: 'child', gateway: 'p_gw' });
    expect(() => registry.createProduct({ cloud: 'huawei', productId: 'p', name: 'p' })).toThrow(failing('conflict', 'p exists already'));
    expect(() => registry.createDevice({ cloud: 'huawei', productId: 'p', nodeId: 'gw' })).toThrow(failing('conflict', 'p_gw exists already'));
    expect(() => registry.createDevice({ cloud: 'huawei', productId: 'q', nodeId: 'a' })).toThrow(failing('not-found', 'product "q"'));
    expect(() => registry.createDevice({ cloud: 'huawei', productId: 'p', nodeId: 'a', gateway: 'nobody' })).toThrow(failing('not-found', '"nobody" to be the gateway'));
    expect(() => registry.createDevice({ cloud: 'huawei', productId: 'p', nodeId: 'a', gateway: 'p_child' })).toThrow(failing('bad-input', 'connected directly'));
    expect(() => registry.updateDevice('huawei', 'p_gw', { gateway: 'p_gw' })).toThrow(failing('bad-input', 'connected directly'));
    expect(() => registry.deleteProduct('huawei', 'p')).toThrow(failing('conflict', 'still has 2'));
    expect(() => registry.deleteDevice('huawei', 'p_gw')).toThrow(failing('conflict', 'delete them first'));
    registry.deleteDevice('huawei', 'p_child');
    registry.deleteDevice('huawei', 'p_gw');
    registry.deleteProduct('huawei', 'p');
    expect(() => registry.product('huawei', 'p')).toThrow(failing('not-found', '"p"'));
    expect(() => registry.device('huawei', 'p_gw')).toThrow(failing('not-found', '"p_gw"'));
  });

  it('takes up a new model with an update, and keeps the old one when the new cannot be read', () => {
    const property = (max: string) => [{ service_id: 's', properties: [{ property_name: 'v', data_type: 'int', min: '0', max, method: 'RW' }] }];
    registry.createProduct({ cloud: 'huawei', productId: 'p', name: 'p', model: property('1') });
    const allows = (value: number) => registry.model('huawei', 'p').checkProperties([{ service: 's', values: { v: value } }], 'report') === undefined;
    expect([allows(1), allows(2)]).toEqual([true, false]);
    registry.updateProduct('huawei', 'p', { model: property('2') });
    expect([allows(2), allows(3)]).toEqual([true, false]);
    expect(() => registry.updateProduct('huawei', 'p', { model: property('x') })).toThrow(expect.objectContaining({ code: 'bad-config' }));
    expect([allows(2), allows(3)]).toEqual([true, false]);
  });

  it('lets a product without any model take every message, and one with a model only its own', () => {
    registry.createProduct({ cloud: 'tencent', productId: 'ABCDE12345', name: 'p', model: {} });
    expect(registry.model('tencent', 'ABCDE12345').checkProperties([{ values: { anything: 1 } }], 'set')).toBeUndefined();
    registry.updateProduct('tencent', 'ABCDE12345', { model: { properties: [{ id: 'on', mode: 'rw', define: { type: 'bool' } }] } });
    expect(registry.model('tencent', 'ABCDE12345').checkProperties([{ values: { anything: 1 } }], 'set')).toMatchObject({ reason: 'unknown-property' });
  });

  it('pages newest first, by offset and from a serial number on, and keeps the order when a record changes', () => {
    registry.createProduct({ cloud: 'huawei', productId: 'p', name: 'p' });
    for (let i = 0; i < 5; i++) registry.createDevice({ cloud: 'huawei', productId: 'p', nodeId: `d${i}` });
    registry.updateDevice('huawei', 'p_d0', { description: 'changed' });
    const names = (query: object) => registry.listDevices({ cloud: 'huawei', limit: 2, ...query }).items.map((each) => each.nodeId);
    expect(names({})).toEqual(['d4', 'd3']);
    expect(names({ offset: 4 })).toEqual(['d0']);
    const { items: [, second] } = registry.listDevices({ cloud: 'huawei', limit: 2 });
    expect(names({ before: second?.serial })).toEqual(['d2', 'd1']);
    expect(registry.listDevices({ cloud: 'huawei', productId: 'q', limit: 2 })).toEqual({ items: [], total: 0 });
    expect(registry.listDevices({ cloud: 'huawei', nodeId: 'd1', limit: 2 }).total).toBe(1);
    expect(registry.listProducts({ cloud: 'huawei', name: 'p', limit: 5 }).total).toBe(1);
  });

  it('remembers when a device first came, last came and went', () => {
    registry.createProduct({ cloud: 'huawei', productId: 'p', name: 'p' });
    registry.createDevice({ cloud: 'huawei', productId: 'p', nodeId: 'd' });
    registry.cameOnline('huawei', 'p_d', 10);
    registry.wentOffline('huawei', 'p_d', 20);
    expect(registry.device('huawei', 'p_d')).toMatchObject({ activatedAt: 10, lastOnlineAt: 10, statusChangedAt: 20 });
    expect(registry.device('huawei', 'p_d')).not.toHaveProperty('onlineSince');
    registry.cameOnline('huawei', 'p_d', 30);
    expect(registry.device('huawei', 'p_d')).toMatchObject({ activatedAt: 10, lastOnlineAt: 30, onlineSince: 30, statusChangedAt: 30 });
    expect(() => registry.cameOnline('huawei', 'gone', 1)).not.toThrow();
  });

  it('takes ids such as __proto__ as plain ids', () => {
    registry.createProduct({ cloud: 'huawei', productId: '__proto__', name: '__proto__' });
    registry.createDevice({ cloud: 'huawei', productId: '__proto__', nodeId: 'constructor', device: 'constructor' });
    expect(registry.device('huawei', 'constructor').productId).toBe('__proto__');
    expect(registry.findDevice('huawei', 'toString')).toBeUndefined();
  });
});
