import type { PropertyGroup } from '@lianyun/protocol';
import { DEFAULT_APP, deviceStatus } from '../../huawei/device-status.ts';
import type { Tag } from '../../huawei/tags.ts';
import type { Device } from '../../records.ts';
import type { TwinSection, TwinService } from '../../twin-state.ts';
import type { NorthContext } from '../context.ts';

/** The one resource space there is. */
export const APP = DEFAULT_APP;

/** An instant as the API writes it: yyyyMMddTHHmmssZ (14.3). */
export const timestamp = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');

/** The place of a record in a list, as markers say it (14.3). */
export const markerOf = ({ serial }: { readonly serial: number }): string => serial.toString(16).padStart(24, '0');

/** Tags as the API shows them (14.6). */
export const tagList = (tags: readonly Tag[]): readonly object[] => tags.map(({ key, value }) => ({ tag_key: key, tag_value: value }));

/** A device as lists show it (14.6). */
export function deviceItem(context: NorthContext, device: Device): object {
  return {
    app_id: device.appId ?? APP.id,
    app_name: APP.name,
    device_id: device.device,
    node_id: device.nodeId,
    gateway_id: device.gateway ?? device.device,
    device_name: device.name,
    node_type: device.gateway === undefined ? 'GATEWAY' : 'ENDPOINT',
    description: device.description,
    fw_version: device.info?.firmware,
    sw_version: device.info?.software,
    device_sdk_version: device.info?.sdk,
    product_id: device.productId,
    product_name: context.registry.findProduct('huawei', device.productId)?.name,
    status: deviceStatus(context.downlink, device),
    tags: tagList(context.huawei.tags.of(device.device)),
  };
}

/** A device in full; the secret is shown only to whoever creates it. */
export function deviceBody(context: NorthContext, device: Device, { secret }: { readonly secret: boolean }): object {
  return {
    ...deviceItem(context, device),
    auth_info: {
      auth_type: device.authType === 'secret' ? 'SECRET' : 'CERTIFICATES',
      secret: secret && device.authType === 'secret' ? device.secret : undefined,
      fingerprint: device.fingerprint,
      secure_access: device.secureAccess,
      // 0: a device that never signs in stays registered.
      timeout: 0,
    },
    create_time: timestamp(device.createdAt),
    active_time: device.activatedAt === undefined ? undefined : timestamp(device.activatedAt),
    connection_status_update_time: device.statusChangedAt === undefined ? undefined : timestamp(device.statusChangedAt),
    extension_info: device.extensionInfo,
  };
}

/** Live values as ListProperties answers them. */
export const serviceData = (group: PropertyGroup): object => ({
  service_id: group.service ?? '',
  properties: group.values,
  event_time: group.at === undefined ? undefined : timestamp(group.at),
});

const section = (values: TwinSection | undefined): object => (values === undefined ? { properties: {} } : { properties: values.values, event_time: timestamp(values.at) });

/** One service of a shadow (3.9). */
export const shadowData = (twin: TwinService): object => ({
  service_id: twin.service ?? '',
  desired: section(twin.desired),
  reported: section(twin.reported),
  version: twin.version,
});
