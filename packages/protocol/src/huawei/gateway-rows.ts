import * as v from 'valibot';
import { row } from '../dialect.ts';
import { LianyunError } from '../errors.ts';
import type { ChildInfo, ChildResult, DeviceRef, Message } from '../vocabulary.ts';
import { once } from '../once.ts';
import { absent, defined, integer, jsonObject, members } from '../wire.ts';
import { eventDown, eventUp, received, sent, systemTags, tagOf } from './event-envelope.ts';

const SERVICE = '$sub_device_manager';

const childInfo = once(() => members({
  parent_device_id: absent(v.string()),
  node_id: absent(v.string()),
  device_id: v.string(),
  name: absent(v.string()),
  description: absent(v.string()),
  manufacturer_id: absent(v.string()),
  model: absent(v.string()),
  product_id: absent(v.string()),
  fw_version: absent(v.string()),
  sw_version: absent(v.string()),
  status: absent(v.string()),
  extension_info: absent(jsonObject),
}));

const writeInfo = (child: ChildInfo) =>
  defined({
    parent_device_id: child.gateway,
    node_id: child.node,
    device_id: child.device,
    name: child.name,
    description: child.description,
    manufacturer_id: child.manufacturer,
    model: child.model,
    product_id: child.product,
    fw_version: child.firmware,
    sw_version: child.software,
    status: child.status,
    extension_info: child.info,
  });

const readInfo = (child: v.InferOutput<ReturnType<typeof childInfo>>): ChildInfo =>
  defined({
    device: child.device_id,
    gateway: child.parent_device_id,
    node: child.node_id,
    product: child.product_id,
    name: child.name,
    description: child.description,
    manufacturer: child.manufacturer_id,
    model: child.model,
    firmware: child.fw_version,
    software: child.sw_version,
    status: child.status,
    info: child.extension_info,
  });

const failed = once(() => members({
  device_id: absent(v.string()),
  node_id: absent(v.string()),
  product_id: absent(v.string()),
  error_code: absent(v.string()),
  error_msg: absent(v.string()),
}));

/** What became of each device: those that succeeded as `write` writes them, the others with their error. */
const writeResults = <C extends ChildResult, W>(children: readonly C[], write: (child: C & { readonly device: DeviceRef }) => W) => ({
  successful_devices: children
    .filter((child) => child.code === 0)
    .map((child) => {
      if (child.device === undefined) throw new LianyunError('bad-input', 'A sub-device without a device id cannot have succeeded.');
      return write({ ...child, device: child.device });
    }),
  failed_devices: children
    .filter((child) => child.code !== 0)
    .map((child) => defined({ device_id: child.device, node_id: child.node, product_id: child.product, error_code: child.error, error_msg: child.text })),
});

/** What {@link writeResults} writes. */
const readResults = <W, R>({ successful_devices: ok = [], failed_devices: bad = [] }: { readonly successful_devices?: readonly W[] | undefined; readonly failed_devices?: readonly v.InferOutput<ReturnType<typeof failed>>[] | undefined }, read: (written: W) => R) => [
  ...ok.map((written) => ({ ...read(written), code: 0 })),
  ...bad.map((child): ChildResult => defined({ device: child.device_id, node: child.node_id, product: child.product_id, code: -1, error: child.error_code, text: child.error_msg })),
];

const writeStatus = (isOnline: boolean) => (isOnline ? ('ONLINE' as const) : ('OFFLINE' as const));
const readStatus = (status: string | undefined): boolean | undefined => (status === 'ONLINE' ? true : status === 'OFFLINE' ? false : undefined);

/** A request and its answer share the event id; the platform makes one for the answer to a request without (reference 5.5). */
const tied = { key: (m: Message): string => `${m.via}|${m.id ?? ''}` };
const sentTied = (m: Message, direction: 'up' | 'down') => ({ ...sent(m, direction), id: m.id });
const receivedTied = (f: Parameters<typeof received>[0]) => ({ ...received(f), id: f.part.id });

/** The messages of gateways about their sub-devices (reference 5.5, 9). */
export const gatewayRows = () => ({
  'child.add': row<'child.add'>()({
    ...eventUp,
    ...tied,
    tag: systemTags(SERVICE, 'add_sub_device_request'),
    clause: 'huawei 5.5',
    hold: 'live',
    wire: () => members({
      devices: v.array(
        members({
          parent_device_id: absent(v.string()),
          node_id: v.string(),
          product_id: v.string(),
          device_id: absent(v.string()),
          name: absent(v.string()),
          description: absent(v.string()),
          extension_info: absent(jsonObject),
        }),
      ),
    }),
    encode: (m) => ({
      ...sentTied(m, 'up'),
      body: {
        devices: m.body.children.map((child) => {
          if (!('product' in child)) throw new LianyunError('bad-input', 'A sub-device on Huawei is added by { product, node }.');
          return defined({
            parent_device_id: child.gateway,
            node_id: child.node,
            product_id: child.product,
            device_id: child.device,
            name: child.name,
            description: child.description,
            extension_info: child.info,
          });
        }),
      },
    }),
    decode: (f) => ({
      ...receivedTied(f),
      body: {
        children: f.body.devices.map((child) =>
          defined({
            product: child.product_id,
            node: child.node_id,
            device: child.device_id,
            gateway: child.parent_device_id,
            name: child.name,
            description: child.description,
            info: child.extension_info,
          }),
        ),
      },
    }),
  }),

  'child.add.result': row<'child.add.result'>()({
    ...eventDown,
    ...tied,
    tag: systemTags(SERVICE, 'add_sub_device_response'),
    clause: 'huawei 5.5',
    wire: () => members({ successful_devices: absent(v.array(childInfo())), failed_devices: absent(v.array(failed())) }),
    encode: (m) => ({ ...sentTied(m, 'down'), body: writeResults(m.body.children, writeInfo) }),
    decode: (f) => ({ ...receivedTied(f), body: { children: readResults(f.body, readInfo) } }),
  }),

  'child.remove': row<'child.remove'>()({
    ...eventUp,
    ...tied,
    tag: systemTags(SERVICE, 'delete_sub_device_request'),
    clause: 'huawei 5.5',
    hold: 'live',
    wire: () => members({ devices: v.array(v.string()) }),
    encode: (m) => ({ ...sentTied(m, 'up'), body: { devices: [...m.body.children] } }),
    decode: (f) => ({ ...receivedTied(f), body: { children: f.body.devices } }),
  }),

  'child.remove.result': row<'child.remove.result'>()({
    ...eventDown,
    ...tied,
    tag: systemTags(SERVICE, 'delete_sub_device_response'),
    clause: 'huawei 5.5',
    wire: () => members({ successful_devices: absent(v.array(v.string())), failed_devices: absent(v.array(failed())) }),
    encode: (m) => ({ ...sentTied(m, 'down'), body: writeResults(m.body.children, ({ device }) => device) }),
    decode: (f) => ({ ...receivedTied(f), body: { children: readResults(f.body, (device) => ({ device })) } }),
  }),

  'child.status': row<'child.status'>()({
    ...eventUp,
    ...tied,
    tag: systemTags(SERVICE, 'sub_device_update_status'),
    clause: 'huawei 5.5',
    wire: () => members({ device_statuses: v.array(members({ device_id: v.string(), status: v.picklist(['ONLINE', 'OFFLINE']) })) }),
    encode: (m) => ({
      ...sentTied(m, 'up'),
      body: { device_statuses: m.body.children.map(({ device, online }) => ({ device_id: device, status: writeStatus(online) })) },
    }),
    decode: (f) => ({
      ...receivedTied(f),
      body: { children: f.body.device_statuses.map((child) => ({ device: child.device_id, online: child.status === 'ONLINE' })) },
    }),
  }),

  // The documentation gives the answer the name of the request in one place (reference 5.5).
  'child.status.result': row<'child.status.result'>()({
    ...eventDown,
    ...tied,
    tag: systemTags(SERVICE, 'sub_device_update_status_response', 'sub_device_update_status'),
    clause: 'huawei 5.5',
    wire: () => members({ successful_devices: absent(v.array(members({ device_id: v.string(), status: absent(v.string()) }))), failed_devices: absent(v.array(failed())) }),
    encode: (m) => ({
      ...sentTied(m, 'down'),
      body: writeResults(m.body.children, ({ device, online }) => defined({ device_id: device, status: online === undefined ? undefined : writeStatus(online) })),
    }),
    decode: (f) => ({ ...receivedTied(f), body: { children: readResults(f.body, (child) => defined({ device: child.device_id, online: readStatus(child.status) })) } }),
  }),

  'child.sync': row<'child.sync'>()({
    ...eventUp,
    tag: systemTags(SERVICE, 'sub_device_sync_request'),
    clause: 'huawei 9.2',
    hold: 'live',
    wire: () => members({ version: absent(integer) }),
    encode: (m) => ({ ...sent(m, 'up'), body: { version: m.body.version } }),
    decode: (f) => ({ ...received(f), body: { version: f.body.version ?? 0 } }),
  }),

  'child.notify': row<'child.notify'>()({
    ...eventDown,
    tag: systemTags(SERVICE, 'add_sub_device_notify', 'delete_sub_device_notify'),
    clause: 'huawei 5.5',
    wire: () => members({ devices: absent(v.array(childInfo())), version: absent(integer) }),
    encode: (m) => ({
      ...sent(m, 'down'),
      tag: tagOf(SERVICE, m.body.change === 'added' ? 'add_sub_device_notify' : 'delete_sub_device_notify'),
      body: defined({ devices: m.body.children.map(writeInfo), version: m.body.version }),
    }),
    decode: (f) => ({
      ...received(f),
      body: defined({
        change: f.part.tag?.includes('add') === true ? ('added' as const) : ('removed' as const),
        children: (f.body.devices ?? []).map(readInfo),
        version: f.body.version,
      }),
    }),
  }),
}) as const;
