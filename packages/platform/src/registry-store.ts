import type { DeviceRef } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';
import type { Device, Product } from './records.ts';

/** Which part of a list: newest first, those created before the serial number `before`, `offset` skipped, at most `limit`. */
export interface PageRequest {
  readonly before?: number;
  readonly offset?: number;
  readonly limit: number;
}

/** One part of a list, and how many there are in all. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
}

export interface ProductQuery extends PageRequest {
  readonly cloud: Cloud;
  readonly name?: string;
}

export interface DeviceQuery extends PageRequest {
  readonly cloud: Cloud;
  readonly productId?: string;
  readonly gateway?: DeviceRef;
  readonly nodeId?: string;
  readonly name?: string;
}

/** Where the registry keeps its records. Records are values: they are replaced, never changed in place. */
export interface RegistryStore {
  product(cloud: Cloud, productId: string): Product | undefined;
  putProduct(product: Product): void;
  removeProduct(cloud: Cloud, productId: string): boolean;
  products(query: ProductQuery): Page<Product>;
  device(cloud: Cloud, device: DeviceRef): Device | undefined;
  putDevice(device: Device): void;
  /** Replaces a device of which only the times of its coming and going changed; these change with every connection. */
  putStatus(device: Device): void;
  removeDevice(cloud: Cloud, device: DeviceRef): boolean;
  devices(query: DeviceQuery): Page<Device>;
  /** The devices that connect through a gateway, in no order. */
  childrenOf(cloud: Cloud, gateway: DeviceRef): Iterable<Device>;
  /** A number above every one given out before, also before a restart. */
  nextSerial(): number;
}

/** A registry store that lives as long as the process. */
export class MemoryRegistryStore implements RegistryStore {
  readonly #products = { huawei: new Map<string, Product>(), tencent: new Map<string, Product>() };
  readonly #devices = { huawei: new Map<DeviceRef, Device>(), tencent: new Map<DeviceRef, Device>() };
  /** By gateway: one asks for its few among the many at every sign-in. */
  readonly #children = { huawei: new Map<DeviceRef, Map<DeviceRef, Device>>(), tencent: new Map<DeviceRef, Map<DeviceRef, Device>>() };
  #serial = 0;

  product(cloud: Cloud, productId: string): Product | undefined {
    return this.#products[cloud].get(productId);
  }

  putProduct(product: Product): void {
    this.#products[product.cloud].set(product.productId, product);
  }

  removeProduct(cloud: Cloud, productId: string): boolean {
    return this.#products[cloud].delete(productId);
  }

  products({ cloud, name, ...page }: ProductQuery): Page<Product> {
    return cut([...this.#products[cloud].values()].filter((product) => name === undefined || product.name === name), page);
  }

  device(cloud: Cloud, device: DeviceRef): Device | undefined {
    return this.#devices[cloud].get(device);
  }

  putDevice(device: Device): void {
    const { cloud, gateway } = device;
    this.#leave(cloud, device.device, gateway);
    this.#devices[cloud].set(device.device, device);
    if (gateway === undefined) return;
    const children = this.#children[cloud].get(gateway);
    if (children === undefined) this.#children[cloud].set(gateway, new Map([[device.device, device]]));
    else children.set(device.device, device);
  }

  putStatus(device: Device): void {
    this.putDevice(device);
  }

  removeDevice(cloud: Cloud, device: DeviceRef): boolean {
    this.#leave(cloud, device);
    return this.#devices[cloud].delete(device);
  }

  devices({ cloud, before, offset, limit, ...wanted }: DeviceQuery): Page<Device> {
    const filters = Object.entries(wanted) as [keyof typeof wanted, string | undefined][];
    const all = wanted.gateway === undefined ? this.#devices[cloud].values() : this.childrenOf(cloud, wanted.gateway);
    const found = [...all].filter((device) => filters.every(([name, value]) => value === undefined || device[name] === value));
    return cut(found, { limit, ...(before === undefined ? {} : { before }), ...(offset === undefined ? {} : { offset }) });
  }

  childrenOf(cloud: Cloud, gateway: DeviceRef): Iterable<Device> {
    return this.#children[cloud].get(gateway)?.values() ?? [];
  }

  nextSerial(): number {
    return ++this.#serial;
  }

  /** Takes a device off the list of the gateway that it had, unless that is `stays`. */
  #leave(cloud: Cloud, device: DeviceRef, stays?: DeviceRef): void {
    const gateway = this.#devices[cloud].get(device)?.gateway;
    if (gateway === undefined || gateway === stays) return;
    const children = this.#children[cloud].get(gateway);
    children?.delete(device);
    if (children?.size === 0) this.#children[cloud].delete(gateway);
  }
}

function cut<T extends { readonly serial: number }>(found: readonly T[], { before = Number.POSITIVE_INFINITY, offset = 0, limit }: PageRequest): Page<T> {
  const items = found
    .filter((record) => record.serial < before)
    .sort((a, b) => b.serial - a.serial)
    .slice(offset, offset + limit);
  return { items, total: found.length };
}
