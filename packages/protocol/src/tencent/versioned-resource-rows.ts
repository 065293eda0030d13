import * as v from 'valibot';
import { row } from '../dialect.ts';
import type { Message, ResourceVersion } from '../vocabulary.ts';
import { once } from '../once.ts';
import { absent, defined, integer, members } from '../wire.ts';
import { method } from './envelope.ts';
import { refOf, slotsOf } from './reference.ts';

const up = { direction: 'up', topic: '$thing/up/service/{productId}/{deviceName}', envelope: method, qos: 1 } as const;
const down = { direction: 'down', topic: '$thing/down/service/{productId}/{deviceName}', envelope: method, qos: 0, subscribe: 'on-use' } as const;

/** Of the types FILE, AUDIO, VOICE and VIDEO are known. */
const version = { resource_name: v.string(), version: absent(v.string()), resource_type: absent(v.string()) };
const versions = once(() => v.array(members(version)));
type Version = v.InferOutput<ReturnType<typeof versions>>[number];
const writeVersion = ({ name, version: number, type }: ResourceVersion) => defined({ resource_name: name, version: number, resource_type: type });
const readVersion = ({ resource_name: name, version: number, resource_type: type }: Version): ResourceVersion => defined({ name, version: number, type });

/** Numbers are strings here, as in those of firmware; numbers are read too. */
const code = once(() => v.pipe(v.union([v.string(), v.number()]), v.transform(String), v.regex(/^-?\d{1,10}$/, 'digits are expected')));
const outcome = once(() => ({ result_code: absent(code()), result_msg: absent(v.string()) }));
const STATES = ['downloading', 'burning', 'done', 'fail'] as const;

/** No answer names what it answers: the device does, first in, first out. */
const byDevice = (m: { readonly device: string }): string => m.device;
const byName = (m: { readonly device: string; readonly body: { readonly name: string } }): string => `${m.device}|${m.body.name}`;
const byId = (m: { readonly device: string; readonly id?: string }): string => `${m.device}|${m.id ?? ''}`;

const told = once(() => members({ report: members({ progress: members({ resource_name: v.string(), state: v.picklist(STATES), percent: absent(code()), ...outcome() }), version: absent(v.string()) }) }));

/** What became of a resource, in the form that reports about it have. */
function writeTold({ name, version: number, state, percent, code: result, text }: Message<'resource.update.progress'>['body']) {
  const progress = defined({ resource_name: name, state, percent: percent === undefined ? undefined : String(percent), result_code: String(result), result_msg: text ?? '' });
  return { report: defined({ progress, version: number }) };
}

function readTold({ report: { progress, version: number } }: v.InferOutput<ReturnType<typeof told>>): Message<'resource.update.progress'>['body'] {
  return defined({ name: progress.resource_name, version: number, state: progress.state, percent: progress.percent === undefined ? undefined : Number(progress.percent), code: Number(progress.result_code ?? 0), text: progress.result_msg });
}

/** Resources of IoT Explorer: files with versions that the cloud updates and removes on a device, and files that a device puts into its storage (reference 7.9). */
export const versionedResourceRows = () => ({
  'resource.versions': row<'resource.versions'>()({
    ...up,
    tag: 'report_version',
    clause: 'tencent 7.9',
    settledBy: 'resource.versions.ack',
    key: byDevice,
    wire: () => members({ report: members({ resource_list: versions() }) }),
    encode: (m) => ({ slots: slotsOf(m.device), body: { report: { resource_list: m.body.resources.map(writeVersion) } } }),
    decode: (f) => ({ device: refOf(f.slots), body: { resources: f.body.report.resource_list.map(readVersion) } }),
  }),

  'resource.versions.ack': row<'resource.versions.ack'>()({
    ...down,
    tag: 'report_version_rsp',
    clause: 'tencent 7.9',
    key: byDevice,
    wire: () => members({ result_code: absent(integer), result_msg: absent(v.string()), resource_list: v.optional(versions(), []) }),
    encode: (m) => ({ slots: slotsOf(m.device), body: defined({ result_code: m.body.code, result_msg: m.body.text, resource_list: m.body.resources.map(writeVersion) }) }),
    decode: (f) => ({ device: refOf(f.slots), body: defined({ code: f.body.result_code ?? 0, text: f.body.result_msg, resources: f.body.resource_list.map(readVersion) }) }),
  }),

  'resource.update': row<'resource.update'>()({
    ...down,
    tag: 'update_resource',
    clause: 'tencent 7.9',
    wire: () => members({ ...version, url: v.string(), md5sum: absent(v.string()), file_size: absent(integer) }),
    encode: (m) => ({ slots: slotsOf(m.device), body: { ...writeVersion(m.body), ...defined({ url: m.body.url, md5sum: m.body.md5, file_size: m.body.bytes }) } }),
    decode: (f) => ({ device: refOf(f.slots), body: { ...readVersion(f.body), ...defined({ url: f.body.url, md5: f.body.md5sum, bytes: f.body.file_size }) } }),
  }),

  // An end that is no success has the state `done` as well, and a code (the vendor's own description).
  'resource.update.progress': row<'resource.update.progress'>()({
    ...up,
    tag: ['report_progress', 'report_result'],
    clause: 'tencent 7.9',
    wire: told,
    encode: (m) => {
      const isOver = m.body.state === 'done' || m.body.state === 'fail';
      return { slots: slotsOf(m.device), tag: isOver ? 'report_result' : 'report_progress', qos: isOver ? 1 : 0, body: writeTold(m.body) };
    },
    decode: (f) => ({ device: refOf(f.slots), body: readTold(f.body) }),
  }),

  'resource.remove': row<'resource.remove'>()({
    ...down,
    tag: 'del_resource',
    clause: 'tencent 7.9',
    key: byName,
    wire: () => members(version),
    encode: (m) => ({ slots: slotsOf(m.device), body: writeVersion(m.body) }),
    decode: (f) => ({ device: refOf(f.slots), body: readVersion(f.body) }),
  }),

  'resource.remove.result': row<'resource.remove.result'>()({
    ...up,
    tag: 'del_result',
    clause: 'tencent 7.9',
    hold: 'live',
    key: byName,
    wire: told,
    encode: (m) => ({ slots: slotsOf(m.device), body: writeTold({ ...m.body, state: 'done' }) }),
    decode: (f) => {
      const { name, version: number, code: result, text } = readTold(f.body);
      return { device: refOf(f.slots), body: defined({ name, version: number, code: result, text }) };
    },
  }),

  'resource.request': row<'resource.request'>()({
    ...up,
    tag: 'request_url',
    clause: 'tencent 7.9',
    hold: 'live',
    key: byId,
    wire: () => members({ request_id: v.pipe(v.union([v.string(), v.number()]), v.transform(String)), report: members(version) }),
    encode: (m) => ({ slots: slotsOf(m.device), body: { request_id: m.id ?? '', report: writeVersion(m.body) } }),
    decode: (f) => ({ device: refOf(f.slots), id: f.body.request_id, body: readVersion(f.body.report) }),
  }),

  'resource.request.grant': row<'resource.request.grant'>()({
    ...down,
    tag: 'request_url_resp',
    clause: 'tencent 7.9',
    key: byId,
    wire: () => members({ request_id: v.pipe(v.union([v.string(), v.number()]), v.transform(String)), result_code: absent(integer), result_msg: absent(v.string()), resource_url: absent(v.string()), resource_token: absent(v.string()) }),
    encode: (m) => ({ slots: slotsOf(m.device), body: defined({ result_code: m.body.code, result_msg: m.body.text, resource_url: m.body.url, resource_token: m.body.token, request_id: m.id ?? '' }) }),
    decode: (f) => ({ device: refOf(f.slots), id: f.body.request_id, body: defined({ code: f.body.result_code ?? 0, text: f.body.result_msg, url: f.body.resource_url, token: f.body.resource_token }) }),
  }),

  'resource.posted': row<'resource.posted'>()({
    ...up,
    tag: 'report_post_result',
    clause: 'tencent 7.9',
    wire: () => members({ report: members({ progress: members({ resource_token: v.string(), state: absent(v.string()), ...outcome() }) }) }),
    encode: (m) => ({ slots: slotsOf(m.device), body: { report: { progress: { resource_token: m.body.token, state: 'done', result_code: String(m.body.code), result_msg: m.body.text ?? '' } } } }),
    decode: (f) => {
      const { resource_token: token, result_code: result, result_msg: text } = f.body.report.progress;
      return { device: refOf(f.slots), body: defined({ token, code: Number(result ?? 0), text }) };
    },
  }),
}) as const;
