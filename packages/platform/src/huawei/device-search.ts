import type { DeviceRef } from '@lianyun/protocol';
import type { Downlink } from '../downlink.ts';
import type { Device } from '../records.ts';
import type { Page, PageRequest } from '../registry-store.ts';
import type { Registry } from '../registry.ts';
import { sift } from '../sift.ts';
import { DEFAULT_APP, deviceStatus } from './device-status.ts';
import { fits, type SearchField, type Where } from './search-language.ts';
import type { Tags } from './tags.ts';

interface DeviceSearchOptions {
  readonly registry: Registry;
  readonly downlink: Pick<Downlink, 'isOnline'>;
  readonly tags: Tags;
  /** The ids of the groups that a device was put into. */
  groupsOf(device: DeviceRef): readonly string[];
}

/** Finds devices by what they are, their tags and their groups (Huawei 14.4). */
export class DeviceSearch {
  readonly #options: DeviceSearchOptions;

  constructor(options: DeviceSearchOptions) {
    this.#options = options;
  }

  /** Those that fit, the youngest first. */
  find(where: Where, page: PageRequest): Promise<Page<Device>> {
    const { registry } = this.#options;
    const only = valueIn(where, 'device_id');
    if (only !== undefined) return sift(() => ({ items: [registry.findDevice('huawei', only) ?? []].flat() }), (device) => this.fits(where, device), page);
    // What the registry has an index for is not looked for among all.
    const [productId, nodeId, name] = (['product_id', 'node_id', 'device_name'] as const).map((field) => valueIn(where, field));
    const query = { cloud: 'huawei', ...(productId === undefined ? {} : { productId }), ...(nodeId === undefined ? {} : { nodeId }), ...(name === undefined ? {} : { name }) } as const;
    return sift((part) => registry.listDevices({ ...query, ...part }), (device) => this.fits(where, device), page);
  }

  fits(where: Where, device: Device): boolean {
    return fits(where, (field) => this.#valuesOf(device, field));
  }

  #valuesOf(device: Device, field: SearchField): readonly string[] {
    const { downlink, tags, groupsOf } = this.#options;
    switch (field) {
      case 'app_id':
        return [device.appId ?? DEFAULT_APP.id];
      case 'device_id':
        return [device.device];
      case 'gateway_id':
        return [device.gateway ?? device.device];
      case 'product_id':
        return [device.productId];
      case 'device_name':
        return [device.name];
      case 'node_id':
        return [device.nodeId];
      case 'status':
        return [deviceStatus(downlink, device)];
      case 'node_type':
        return [device.gateway === undefined ? 'GATEWAY' : 'ENDPOINT'];
      case 'tag_key':
        return tags.of(device.device).map(({ key }) => key);
      case 'tag_value':
        return tags.of(device.device).flatMap(({ value }) => value ?? []);
      case 'sw_version':
        return [device.info?.software ?? []].flat();
      case 'fw_version':
        return [device.info?.firmware ?? []].flat();
      case 'group_id':
        return groupsOf(device.device);
      case 'create_time':
        return [new Date(device.createdAt).toISOString()];
      case 'marker':
        return [device.serial.toString(16).padStart(24, '0')];
    }
  }
}

/** The one value that a field must have in whatever fits. */
function valueIn(where: Where, field: SearchField): string | undefined {
  const [only, ...others] = where;
  return others.length > 0 ? undefined : only?.find((condition) => condition.field === field && condition.operator === '=')?.values[0];
}
