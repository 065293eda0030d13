import { LianyunError, type Clock, type CompiledModel, type DeviceRef, type JsonValue } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';
import { newDeviceSecret, newProductId, newProductSecret } from './ids.ts';
import { readModel } from './model.ts';
import type { Device, DeviceChanges, DeviceDraft, Product, ProductChanges, ProductDraft } from './records.ts';
import { demand, FINGERPRINT, RULES } from './registry-rules.ts';
import type { DeviceQuery, Page, ProductQuery, RegistryStore } from './registry-store.ts';

export interface RegistryOptions {
  readonly store: RegistryStore;
  readonly clock: Clock;
  /** Hears of a device that may not sign in any more. */
  onDisabled?(cloud: Cloud, device: DeviceRef): void;
  /** Hears of a device that is no more. */
  onDeleted?(cloud: Cloud, device: DeviceRef): void;
}

const NAMES: Readonly<Record<Cloud, string>> = { huawei: 'Huawei', tencent: 'Tencent' };
const emptyModel = (cloud: Cloud): JsonValue => (cloud === 'huawei' ? [] : { version: '1.0', properties: [], events: [], actions: [] });

/** The products and devices of both clouds. Everything fails with `bad-input`, `conflict` or `not-found`, and names what, where and what is allowed. */
export class Registry {
  readonly #store: RegistryStore;
  readonly #clock: Clock;
  readonly #onDisabled: RegistryOptions['onDisabled'];
  readonly #onDeleted: RegistryOptions['onDeleted'];
  // By document, not by product: what the store undoes or drops needs no word here.
  readonly #compiled = new WeakMap<object, CompiledModel>();

  constructor({ store, clock, onDisabled, onDeleted }: RegistryOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#onDisabled = onDisabled;
    this.#onDeleted = onDeleted;
  }

  /** Creates a product; a model that cannot be read fails with `bad-config`, its path beginning with `modelRoot`. */
  createProduct(draft: ProductDraft, modelRoot = '$'): Product {
    const { cloud } = draft;
    const productId = draft.productId ?? newProductId(cloud);
    demand(RULES[cloud].productId, 'product id', productId);
    demand(RULES[cloud].productName, 'product name', draft.name);
    if (this.#store.product(cloud, productId) !== undefined) throw new LianyunError('conflict', `The ${NAMES[cloud]} product ${productId} exists already.`);
    const now = this.#clock.now();
    const made = { productId, model: draft.model ?? emptyModel(cloud), createdAt: now, updatedAt: now };
    const compiled = readModel(cloud, made.model, modelRoot);
    const product: Product = draft.cloud === 'huawei'
      ? { deviceType: draft.name, protocolType: 'MQTT', dataFormat: 'json', ...draft, ...made, serial: this.#store.nextSerial() }
      : {
          productType: 0,
          productSecret: newProductSecret(),
          registerType: 0,
          categoryId: 1,
          encryptionType: '2',
          netType: 'wifi',
          dataProtocol: 1,
          projectId: '',
          ...draft,
          ...made,
          serial: this.#store.nextSerial(),
        };
    this.#store.putProduct(product);
    this.#keep(product, compiled);
    return product;
  }

  findProduct(cloud: Cloud, productId: string): Product | undefined {
    return this.#store.product(cloud, productId);
  }

  product<C extends Cloud>(cloud: C, productId: string): Extract<Product, { cloud: C }> {
    const product = this.#store.product(cloud, productId);
    if (product === undefined) throw new LianyunError('not-found', `There is no ${NAMES[cloud]} product ${JSON.stringify(productId)}.`);
    // The store keeps the clouds apart.
    return product as Extract<Product, { cloud: C }>;
  }

  listProducts(query: ProductQuery): Page<Product> {
    return this.#store.products(query);
  }

  updateProduct<C extends Cloud>(cloud: C, productId: string, changes: ProductChanges<C>, modelRoot = '$'): Extract<Product, { cloud: C }> {
    const product = this.product(cloud, productId);
    if (changes.name !== undefined) demand(RULES[cloud].productName, 'product name', changes.name);
    const compiled = changes.model === undefined ? undefined : readModel(cloud, changes.model, modelRoot);
    const updated: Extract<Product, { cloud: C }> = { ...product, ...changes, updatedAt: this.#clock.now() };
    this.#store.putProduct(updated);
    if (compiled !== undefined) this.#keep(updated, compiled);
    return updated;
  }

  /** Refuses with `conflict` while the product has devices. */
  deleteProduct(cloud: Cloud, productId: string): void {
    this.product(cloud, productId);
    const { total } = this.#store.devices({ cloud, productId, limit: 1 });
    if (total > 0) throw new LianyunError('conflict', `The ${NAMES[cloud]} product ${productId} still has ${total} device(s); delete them first.`);
    this.#store.removeProduct(cloud, productId);
  }

  /** The product's model, compiled once. A product whose model declares nothing takes every message. */
  model(cloud: Cloud, productId: string): CompiledModel {
    const product = this.product(cloud, productId);
    const kept = typeof product.model === 'object' && product.model !== null ? this.#compiled.get(product.model) : undefined;
    return kept ?? this.#keep(product, readModel(cloud, product.model, '$'));
  }

  createDevice(draft: DeviceDraft): Device {
    const { cloud, productId, nodeId } = draft;
    const rules = RULES[cloud];
    const device = draft.device ?? (cloud === 'huawei' ? `${productId}_${nodeId}` : `${productId}/${nodeId}`);
    demand(rules.nodeId, cloud === 'huawei' ? 'node id' : 'device name', nodeId);
    demand(rules.device, 'device id', device);
    this.#checkDevice(cloud, device, draft);
    const product: Product = this.product(cloud, productId);
    if (this.#store.device(cloud, device) !== undefined) throw new LianyunError('conflict', `The ${NAMES[cloud]} device ${device} exists already.`, { device });
    const created: Device = {
      name: nodeId,
      // EncryptionType 1: the devices of the product have certificates (Tencent 10.6).
      authType: product.cloud === 'tencent' && product.encryptionType === '1' ? 'certificate' : 'secret',
      secureAccess: false,
      enabled: true,
      ...draft,
      device,
      secret: draft.secret ?? newDeviceSecret(cloud),
      createdAt: this.#clock.now(),
      serial: this.#store.nextSerial(),
    };
    this.#store.putDevice(created);
    return created;
  }

  findDevice(cloud: Cloud, device: DeviceRef): Device | undefined {
    return this.#store.device(cloud, device);
  }

  device(cloud: Cloud, device: DeviceRef): Device {
    const found = this.#store.device(cloud, device);
    if (found === undefined) throw new LianyunError('not-found', `There is no ${NAMES[cloud]} device ${JSON.stringify(device)}.`, { device });
    return found;
  }

  listDevices(query: DeviceQuery): Page<Device> {
    return this.#store.devices(query);
  }

  updateDevice(cloud: Cloud, device: DeviceRef, changes: DeviceChanges): Device {
    const found = this.device(cloud, device);
    this.#checkDevice(cloud, device, changes);
    this.#store.putDevice({ ...found, ...changes });
    if (found.enabled && changes.enabled === false) this.#onDisabled?.(cloud, device);
    return this.device(cloud, device);
  }

  /** Refuses with `conflict` while other devices connect through it. */
  deleteDevice(cloud: Cloud, device: DeviceRef): void {
    this.device(cloud, device);
    const { total } = this.#store.devices({ cloud, gateway: device, limit: 1 });
    if (total > 0) throw new LianyunError('conflict', `${total} device(s) connect through ${device}; delete them first.`, { device });
    this.#store.removeDevice(cloud, device);
    this.#onDeleted?.(cloud, device);
  }

  /** The devices that connect through a gateway. */
  childrenOf(cloud: Cloud, gateway: DeviceRef): readonly Device[] {
    return [...this.#store.childrenOf(cloud, gateway)];
  }

  /** Parts a device from its gateway. */
  release(cloud: Cloud, device: DeviceRef): void {
    const { gateway: _left, wantsOnline: _over, ...rest } = this.device(cloud, device);
    this.#store.putDevice(rest);
  }

  /** A device signed in, or its gateway brought it online. */
  cameOnline(cloud: Cloud, device: DeviceRef, at: number): void {
    const found = this.#store.device(cloud, device);
    if (found !== undefined) this.#store.putStatus({ activatedAt: at, ...found, onlineSince: at, lastOnlineAt: at, statusChangedAt: at });
  }

  /** A device's connection ended, or its gateway took it offline. */
  wentOffline(cloud: Cloud, device: DeviceRef, at: number): void {
    const found = this.#store.device(cloud, device);
    if (found === undefined) return;
    const { onlineSince: _ended, ...rest } = found;
    this.#store.putStatus({ ...rest, statusChangedAt: at });
  }

  #keep({ model }: Product, compiled: CompiledModel): CompiledModel {
    if (typeof model === 'object' && model !== null) this.#compiled.set(model, compiled);
    return compiled;
  }

  #checkDevice(cloud: Cloud, device: DeviceRef, { name, secret, fingerprint, gateway }: DeviceChanges): void {
    if (name !== undefined) demand(RULES[cloud].deviceName, 'device name', name, device);
    if (secret !== undefined) demand(RULES[cloud].secret, 'secret', secret, device);
    if (fingerprint !== undefined) demand(FINGERPRINT, 'fingerprint', fingerprint, device);
    if (gateway === undefined) return;
    const found = this.#store.device(cloud, gateway);
    if (found === undefined) throw new LianyunError('not-found', `There is no ${NAMES[cloud]} device ${JSON.stringify(gateway)} to be the gateway of ${device}.`, { device: gateway });
    if (gateway === device || found.gateway !== undefined) throw new LianyunError('bad-input', `${gateway} cannot be the gateway of ${device}: a device that is itself connected directly is expected.`, { device });
  }
}
