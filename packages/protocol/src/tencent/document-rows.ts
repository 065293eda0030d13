import * as v from 'valibot';
import { row } from '../dialect.ts';
import { readTimestamp } from '../timestamp.ts';
import type { ShadowDocument } from '../vocabulary-tencent.ts';
import { once } from '../once.ts';
import { absent, defined, integer, jsonObject, members } from '../wire.ts';
import { token, typed } from './envelope.ts';
import { refOf, slotsOf } from './reference.ts';

const up = { direction: 'up', topic: '$shadow/operation/{productId}/{deviceName}', envelope: typed, qos: 0, clause: 'tencent 7.2' } as const;
const down = { direction: 'down', topic: '$shadow/operation/result/{productId}/{deviceName}', envelope: typed, qos: 0, subscribe: 'on-use', clause: 'tencent 7.2' } as const;

/** Null is no absence here: it takes back all of it. */
const part = v.optional(v.nullable(jsonObject));
const state = members({ reported: absent(jsonObject), desired: absent(jsonObject), delta: absent(jsonObject) });
const document = once(() => members({ state, timestamp: absent(integer), version: absent(integer) }));

const writeDocument = ({ reported, desired, delta, at, version }: ShadowDocument) => ({ state: defined({ reported, desired, delta }), ...defined({ timestamp: at, version }) });
const readDocument = ({ state: { reported, desired, delta }, timestamp, version }: v.InferOutput<ReturnType<typeof document>>): ShadowDocument => defined({ reported, desired, delta, at: readTimestamp(timestamp), version });

/** An answer: the number 0 for success, and the document. */
const answer = {
  wire: () => members({ clientToken: token, result: integer, timestamp: absent(integer), payload: absent(document()) }),
  encode: (m: { readonly device: string; readonly id?: string; readonly body: { readonly code: number; readonly at?: number; readonly document?: ShadowDocument } }, unitMs: number) => ({
    slots: slotsOf(m.device),
    body: defined({ clientToken: m.id, result: m.body.code, timestamp: m.body.at === undefined ? undefined : Math.floor(m.body.at / unitMs), payload: m.body.document && writeDocument(m.body.document) }),
  }),
  decode: (f: { readonly slots: Parameters<typeof refOf>[0]; readonly body: { readonly clientToken?: string | undefined; readonly result: number; readonly timestamp?: number | undefined; readonly payload?: v.InferOutput<ReturnType<typeof document>> | undefined } }) => ({
    device: refOf(f.slots),
    id: f.body.clientToken,
    body: defined({ code: f.body.result, at: readTimestamp(f.body.timestamp), document: f.body.payload && readDocument(f.body.payload) }),
  }),
} as const;

/** The shadow of IoT Hub: one document of a device, with a version (reference 7.2). */
export const documentRows = () => ({
  'document.get': row<'document.get'>()({
    ...up,
    tag: 'get',
    hold: 'live',
    wire: () => members({ clientToken: token }),
    encode: (m) => ({ slots: slotsOf(m.device), body: defined({ clientToken: m.id }) }),
    decode: (f) => ({ device: refOf(f.slots), id: f.body.clientToken, body: {} }),
  }),

  // The outer time is in seconds here, and in milliseconds in the answer to an update.
  'document.state': row<'document.state'>()({ ...down, tag: 'get', wire: answer.wire, encode: (m) => answer.encode(m, 1000), decode: answer.decode }),

  'document.update': row<'document.update'>()({
    ...up,
    tag: 'update',
    hold: 'live',
    wire: () => members({ clientToken: token, state: members({ reported: part, desired: part }), version: absent(integer) }),
    encode: (m) => ({ slots: slotsOf(m.device), body: defined({ state: defined({ reported: m.body.reported, desired: m.body.desired }), version: m.body.version, clientToken: m.id }) }),
    decode: (f) => ({ device: refOf(f.slots), id: f.body.clientToken, body: defined({ reported: f.body.state.reported, desired: f.body.state.desired, version: f.body.version }) }),
  }),

  'document.updated': row<'document.updated'>()({ ...down, tag: 'update', wire: answer.wire, encode: (m) => answer.encode(m, 1), decode: answer.decode }),

  // Its members are documented nowhere: as the vendor's sample reads them.
  'document.delta': row<'document.delta'>()({
    ...down,
    tag: 'delta',
    wire: () => members({ timestamp: absent(integer), payload: members({ state: jsonObject, timestamp: absent(integer), version: absent(integer) }) }),
    encode: (m) => ({ slots: slotsOf(m.device), body: defined({ timestamp: m.body.at, payload: defined({ state: m.body.delta, timestamp: m.body.at, version: m.body.version }) }) }),
    decode: (f) => ({ device: refOf(f.slots), body: defined({ delta: f.body.payload.state, at: readTimestamp(f.body.timestamp ?? f.body.payload.timestamp), version: f.body.payload.version }) }),
  }),
}) as const;
