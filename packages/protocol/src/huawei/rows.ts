import * as v from 'valibot';
import { row } from '../dialect.ts';
import { LianyunError } from '../errors.ts';
import { once } from '../once.ts';
import { absent, defined, integer, jsonObject, members } from '../wire.ts';
import type { PropertyGroup } from '../vocabulary.ts';
import { eventTime, readEventTime } from './event-time.ts';

const services = once(() => v.array(
  members({
    service_id: v.string(),
    // A Python device sends null for a service without values.
    properties: absent(jsonObject),
    event_time: absent(v.string()),
  }),
));

const toWire = (groups: readonly PropertyGroup[]) =>
  groups.map(({ service, values, at }) => {
    const entry = { service_id: service ?? noService(), properties: values };
    return at === undefined ? entry : { ...entry, event_time: eventTime(at) };
  });

const toGroups = (list: v.InferOutput<ReturnType<typeof services>>): PropertyGroup[] =>
  list.map((entry) => {
    const group: PropertyGroup = { service: entry.service_id, values: entry.properties ?? {} };
    const at = readEventTime(entry.event_time);
    if (at !== undefined) group.at = at;
    return group;
  });

function noService(): never {
  throw new LianyunError('bad-input', 'A group of properties has no service: every property of a Huawei product belongs to one.');
}

/** A question about one service of a device, or about all of them (reference 3.7, 3.9). */
export const question = {
  wire: () => members({ object_device_id: absent(v.string()), service_id: absent(v.string()) }),
  decode: (f: { readonly slots: { readonly deviceId: string; readonly requestId: string }; readonly body: { readonly object_device_id?: string | undefined; readonly service_id?: string | undefined } }) => ({
    device: f.body.object_device_id ?? f.slots.deviceId,
    id: f.slots.requestId,
    body: defined({ service: f.body.service_id }),
  }),
} as const;

/** Properties and commands of IoTDA. Clause numbers are those of the protocol reference in docs/protocol. */
export const propertyRows = () => ({
  'property.report': row<'property.report'>()({
    direction: 'up',
    topic: '$oc/devices/{deviceId}/sys/properties/report',
    clause: 'huawei 3.4',
    qos: 1,
    glued: true,
    wire: () => members({ services: services() }),
    encode: (m) => ({ slots: { deviceId: m.device }, body: { services: toWire(m.body.groups) } }),
    decode: (f) => ({ device: f.slots.deviceId, body: { groups: toGroups(f.body.services) } }),
  }),

  'child.report': row<'child.report'>()({
    direction: 'up',
    topic: '$oc/devices/{deviceId}/sys/gateway/sub_devices/properties/report',
    clause: 'huawei 3.5',
    qos: 1,
    glued: true,
    wire: () => members({ devices: v.array(members({ device_id: v.string(), services: services() })) }),
    encode: (m) => ({ slots: { deviceId: m.via }, body: { devices: m.body.reports.map(({ device, groups }) => ({ device_id: device, services: toWire(groups) })) } }),
    decode: (f) => ({ device: f.slots.deviceId, body: { reports: f.body.devices.map((entry) => ({ device: entry.device_id, groups: toGroups(entry.services) })) } }),
  }),

  'property.set': row<'property.set'>()({
    direction: 'down',
    topic: '$oc/devices/{deviceId}/sys/properties/set/request_id={requestId}',
    clause: 'huawei 3.6',
    qos: 1,
    wire: () => members({ object_device_id: absent(v.string()), services: services() }),
    encode: (m) => ({ slots: { deviceId: m.via, requestId: m.id ?? '' }, body: { object_device_id: m.device, services: toWire(m.body.groups) } }),
    decode: (f) => ({
      device: f.body.object_device_id ?? f.slots.deviceId,
      id: f.slots.requestId,
      body: { groups: toGroups(f.body.services) },
    }),
  }),

  'property.set.result': row<'property.set.result'>()({
    direction: 'up',
    topic: '$oc/devices/{deviceId}/sys/properties/set/response/request_id={requestId}',
    clause: 'huawei 3.6',
    qos: 1,
    hold: 'live',
    wire: () => members({ result_code: absent(integer), result_desc: absent(v.string()) }),
    encode: (m) => ({ slots: { deviceId: m.via, requestId: m.id ?? '' }, body: defined({ result_code: m.body.code, result_desc: m.body.text }) }),
    decode: (f) => ({
      device: f.slots.deviceId,
      id: f.slots.requestId,
      body: defined({ code: f.body.result_code ?? 0, text: f.body.result_desc }),
    }),
  }),

  'property.get': row<'property.get'>()({
    direction: 'down',
    topic: '$oc/devices/{deviceId}/sys/properties/get/request_id={requestId}',
    clause: 'huawei 3.7',
    qos: 1,
    ...question,
    encode: (m) => ({ slots: { deviceId: m.via, requestId: m.id ?? '' }, body: defined({ object_device_id: m.device, service_id: m.body.service }) }),
  }),

  'property.get.result': row<'property.get.result'>()({
    direction: 'up',
    topic: '$oc/devices/{deviceId}/sys/properties/get/response/request_id={requestId}',
    clause: 'huawei 3.7',
    qos: 1,
    hold: 'live',
    wire: () => members({ services: services() }),
    encode: (m) => ({ slots: { deviceId: m.via, requestId: m.id ?? '' }, body: { services: toWire(m.body.groups) } }),
    decode: (f) => ({ device: f.slots.deviceId, id: f.slots.requestId, body: { groups: toGroups(f.body.services) } }),
  }),

  'command.invoke': row<'command.invoke'>()({
    direction: 'down',
    topic: '$oc/devices/{deviceId}/sys/commands/request_id={requestId}',
    clause: 'huawei 4.1',
    qos: 1,
    wire: () => members({
      object_device_id: absent(v.string()),
      service_id: absent(v.string()),
      command_name: absent(v.string()),
      paras: absent(jsonObject),
    }),
    encode: (m) => ({
      slots: { deviceId: m.via, requestId: m.id ?? '' },
      body: defined({ object_device_id: m.device, service_id: m.body.service, command_name: m.body.name, paras: m.body.args }),
    }),
    decode: (f) => ({
      device: f.body.object_device_id ?? f.slots.deviceId,
      id: f.slots.requestId,
      body: defined({ service: f.body.service_id, name: f.body.command_name ?? '', args: f.body.paras ?? {} }),
    }),
  }),

  // A failure's text travels as `paras.error`, where Huawei's own SDKs put it: the protocol has no member for it (4.2). A success's has no place.
  'command.result': row<'command.result'>()({
    direction: 'up',
    topic: '$oc/devices/{deviceId}/sys/commands/response/request_id={requestId}',
    clause: 'huawei 4.2',
    qos: 1,
    hold: 'live',
    wire: () => members({ result_code: absent(integer), response_name: absent(v.string()), paras: absent(jsonObject) }),
    encode: (m) => ({
      slots: { deviceId: m.via, requestId: m.id ?? '' },
      body: defined({
        result_code: m.body.code,
        response_name: m.body.name,
        paras: m.body.output ?? (m.body.text === undefined || m.body.code === 0 ? undefined : { error: m.body.text }),
      }),
    }),
    decode: (f) => {
      const { result_code: code = 0, response_name: name, paras } = f.body;
      const error = paras?.['error'];
      const isText = code !== 0 && typeof error === 'string' && Object.keys(paras ?? {}).length === 1;
      return {
        device: f.slots.deviceId,
        id: f.slots.requestId,
        body: defined({ code, name, text: isText ? error : undefined, output: isText ? undefined : paras }),
      };
    },
  }),
}) as const;
