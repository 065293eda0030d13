import * as v from 'valibot';
import { row } from '../dialect.ts';
import { mergeOwn } from '../json.ts';
import { absent, defined, integer, jsonObject, members } from '../wire.ts';
import { method } from './envelope.ts';
import { outcomeWire, readOutcome, writeOutcome } from './outcome.ts';
import { refOf, slotsOf } from './reference.ts';
import { readTimestamp } from '../timestamp.ts';
import type { DeviceRef, Outcome } from '../vocabulary.ts';

/** How an operation ended, as every acknowledgement says it. */
export const acknowledgement = {
  wire: () => members(outcomeWire),
  encode: (m: { readonly device: DeviceRef; readonly body: Outcome }) => ({ slots: slotsOf(m.device), body: writeOutcome(m.body) }),
  decode: (f: { readonly slots: Parameters<typeof refOf>[0]; readonly body: Parameters<typeof readOutcome>[0] }) => ({ device: refOf(f.slots), body: readOutcome(f.body) }),
} as const;

export const propertyUp = { direction: 'up', topic: '$thing/up/property/{productId}/{deviceName}', envelope: method } as const;
export const propertyDown = { direction: 'down', topic: '$thing/down/property/{productId}/{deviceName}', envelope: method } as const;

/** Properties, state and actions of IoT Explorer. Clause numbers are those of the protocol reference in docs/protocol. */
export const propertyRows = () => ({
  'property.report': row<'property.report'>()({
    ...propertyUp,
    tag: 'report',
    clause: 'tencent 2.1',
    qos: 0,
    settledBy: 'property.report.ack',
    wire: () => members({ timestamp: absent(integer), params: jsonObject }),
    encode: (m) => ({
      slots: slotsOf(m.device),
      body: defined({ timestamp: m.body.groups.find((group) => group.at !== undefined)?.at, params: mergeOwn(m.body.groups.map((group) => group.values)) }),
    }),
    decode: (f) => ({ device: refOf(f.slots), body: { groups: [defined({ values: f.body.params, at: readTimestamp(f.body.timestamp) })] } }),
  }),

  'property.report.ack': row<'property.report.ack'>()({
    ...propertyDown,
    tag: 'report_reply',
    clause: 'tencent 2.1',
    qos: 0,
    ...acknowledgement,
  }),

  'property.set': row<'property.set'>()({
    ...propertyDown,
    tag: 'control',
    clause: 'tencent 2.4',
    qos: 0,
    wire: () => members({ params: jsonObject }),
    encode: (m) => ({ slots: slotsOf(m.device), body: { params: mergeOwn(m.body.groups.map((group) => group.values)) } }),
    decode: (f) => ({ device: refOf(f.slots), body: { groups: [{ values: f.body.params }] } }),
  }),

  'property.set.result': row<'property.set.result'>()({
    ...propertyUp,
    tag: 'control_reply',
    clause: 'tencent 2.4',
    qos: 0,
    hold: 'live',
    ...acknowledgement,
  }),

  'shadow.get': row<'shadow.get'>()({
    ...propertyUp,
    tag: 'get_status',
    clause: 'tencent 2.3',
    qos: 0,
    hold: 'live',
    wire: () => members({ showmeta: absent(integer) }),
    encode: (m) => ({ slots: slotsOf(m.device), body: m.body.include === undefined ? {} : { showmeta: 1 } }),
    decode: (f) => ({ device: refOf(f.slots), body: f.body.showmeta === 1 ? { include: 'metadata' } : {} }),
  }),

  'shadow.state': row<'shadow.state'>()({
    ...propertyDown,
    tag: 'get_status_reply',
    clause: 'tencent 2.3',
    qos: 0,
    wire: () => members({
      ...outcomeWire,
      data: absent(members({ reported: absent(jsonObject), control: absent(jsonObject) })),
    }),
    encode: (m) => {
      const [state] = m.body.services;
      const data = state && defined({ reported: state.reported, control: state.desired });
      return { slots: slotsOf(m.device), body: defined({ ...writeOutcome(m.body), data }) };
    },
    decode: (f) => {
      const { data } = f.body;
      return {
        device: refOf(f.slots),
        body: { ...readOutcome(f.body), services: data === undefined ? [] : [defined({ reported: data.reported, desired: data.control })] },
      };
    },
  }),

  'shadow.clear': row<'shadow.clear'>()({
    ...propertyUp,
    tag: 'clear_control',
    clause: 'tencent 2.5',
    qos: 0,
    hold: 'live',
    wire: () => members({}),
    encode: (m) => ({ slots: slotsOf(m.device), body: {} }),
    decode: (f) => ({ device: refOf(f.slots), body: {} }),
  }),

  'shadow.cleared': row<'shadow.cleared'>()({
    ...propertyDown,
    tag: 'clear_control_reply',
    clause: 'tencent 2.5',
    qos: 0,
    ...acknowledgement,
  }),

  'command.invoke': row<'command.invoke'>()({
    direction: 'down',
    topic: '$thing/down/action/{productId}/{deviceName}',
    envelope: method,
    tag: 'action',
    clause: 'tencent 2.7',
    qos: 0,
    wire: () => members({ actionId: v.string(), timestamp: absent(integer), params: absent(jsonObject) }),
    // Real downlinks carry seconds here, whatever the documentation says (2.7).
    encode: (m) => ({
      slots: slotsOf(m.device),
      body: defined({ actionId: m.body.name, timestamp: m.body.at === undefined ? undefined : Math.floor(m.body.at / 1000), params: m.body.args }),
    }),
    decode: (f) => ({ device: refOf(f.slots), body: defined({ name: f.body.actionId, args: f.body.params ?? {}, at: readTimestamp(f.body.timestamp) }) }),
  }),

  'command.result': row<'command.result'>()({
    direction: 'up',
    topic: '$thing/up/action/{productId}/{deviceName}',
    envelope: method,
    tag: 'action_reply',
    clause: 'tencent 2.7',
    qos: 1,
    hold: 'live',
    wire: () => members({ ...outcomeWire, response: absent(jsonObject) }),
    encode: (m) => ({ slots: slotsOf(m.device), body: { ...writeOutcome({ text: '', ...m.body }), response: m.body.output ?? {} } }),
    decode: (f) => ({
      device: refOf(f.slots),
      body: defined({ ...readOutcome(f.body), output: f.body.response }),
    }),
  }),
}) as const;
