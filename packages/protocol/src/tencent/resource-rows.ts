import * as v from 'valibot';
import { row } from '../dialect.ts';
import type { Vocabulary } from '../vocabulary.ts';
import { once } from '../once.ts';
import { absent, defined, integer, members } from '../wire.ts';
import { typed } from './envelope.ts';
import { refOf, slotsOf } from './reference.ts';

const up = { direction: 'up', topic: '$resource/up/service/{productId}/{deviceName}', envelope: typed, qos: 1 } as const;
/** Granted at QoS 1, or the vendor's Python SDK gives up (0.3). */
const down = { direction: 'down', topic: '$resource/down/service/{productId}/{deviceName}', envelope: typed, qos: 1, subscribe: 'on-use' } as const;

const about = { name: v.string(), size: absent(integer), md5sum: absent(v.string()) };
const offer = once(() => members({ ...about, url: v.string() }));

type Offer = Vocabulary['resource.offer'];
const writeOffer = ({ name, bytes, md5, url }: Offer) => defined({ size: bytes, name, md5sum: md5, url });
const readOffer = ({ name, size, md5sum, url }: v.InferOutput<ReturnType<typeof offer>>): Offer => defined({ name, bytes: size, md5: md5sum, url });

const STATES = ['uploading', 'downloading', 'done', 'fail'] as const;
const directionOf = (tag: string | undefined): 'upload' | 'download' => (tag?.startsWith('report_upload') === true ? 'upload' : 'download');
/** No answer names what it answers: the device and the direction do, first in, first out. */
const byDirection = (m: { readonly device: string; readonly body: { readonly direction: string } }): string => `${m.device}|${m.body.direction}`;
const byDevice = (m: { readonly device: string }): string => m.device;

/** Files that a device of IoT Hub puts into the cloud's storage and gets from it (reference 7.8). Numbers are numbers here, unlike in those of firmware. */
export const resourceRows = () => ({
  'resource.upload': row<'resource.upload'>()({
    ...up,
    tag: 'create_upload_task',
    clause: 'tencent 7.8',
    hold: 'live',
    key: (m) => `${m.device}|${m.body.name}`,
    wire: () => members({ size: integer, name: v.string(), md5sum: v.string() }),
    encode: (m) => ({ slots: slotsOf(m.device), body: { size: m.body.bytes, name: m.body.name, md5sum: m.body.md5 } }),
    decode: (f) => ({ device: refOf(f.slots), body: { name: f.body.name, bytes: f.body.size, md5: f.body.md5sum } }),
  }),

  'resource.upload.grant': row<'resource.upload.grant'>()({
    ...down,
    tag: 'create_upload_task_rsp',
    clause: 'tencent 7.8',
    key: (m) => `${m.device}|${m.body.name}`,
    // How a refusal looks is documented nowhere: one without a URL is one.
    wire: () => members({ ...about, url: absent(v.string()) }),
    encode: (m) => ({ slots: slotsOf(m.device), body: defined({ size: m.body.bytes, name: m.body.name, md5sum: m.body.md5, url: m.body.url }) }),
    decode: (f) => ({ device: refOf(f.slots), body: defined({ name: f.body.name, bytes: f.body.size, md5: f.body.md5sum, url: f.body.url }) }),
  }),

  'resource.progress': row<'resource.progress'>()({
    ...up,
    tag: ['report_upload_progress', 'report_download_progress'],
    clause: 'tencent 7.8',
    settledBy: 'resource.progress.ack',
    key: byDirection,
    wire: () => members({
      name: v.string(),
      progress: members({ state: v.picklist(STATES), percent: absent(integer), result_code: absent(integer), result_msg: absent(v.string()) }),
    }),
    encode: (m) => {
      const { direction, name, state, percent, code, text } = m.body;
      return { slots: slotsOf(m.device), tag: `report_${direction}_progress`, body: { name, progress: defined({ state, percent, result_code: code, result_msg: text ?? '' }) } };
    },
    decode: (f) => {
      const { name, progress } = f.body;
      return { device: refOf(f.slots), body: defined({ direction: directionOf(f.part.tag), name, state: progress.state, percent: progress.percent, code: progress.result_code ?? 0, text: progress.result_msg }) };
    },
  }),

  'resource.progress.ack': row<'resource.progress.ack'>()({
    ...down,
    tag: ['report_upload_progress_rsp', 'report_download_progress_rsp'],
    clause: 'tencent 7.8',
    key: byDirection,
    wire: () => members({ result_code: integer, result_msg: absent(v.string()) }),
    encode: (m) => ({ slots: slotsOf(m.device), tag: `report_${m.body.direction}_progress_rsp`, body: defined({ result_code: m.body.code, result_msg: m.body.text }) }),
    decode: (f) => ({ device: refOf(f.slots), body: defined({ direction: directionOf(f.part.tag), code: f.body.result_code, text: f.body.result_msg }) }),
  }),

  'resource.poll': row<'resource.poll'>()({
    ...up,
    tag: 'get_download_task',
    clause: 'tencent 7.8',
    hold: 'live',
    key: byDevice,
    wire: () => members({}),
    encode: (m) => ({ slots: slotsOf(m.device), body: {} }),
    decode: (f) => ({ device: refOf(f.slots), body: {} }),
  }),

  'resource.poll.answer': row<'resource.poll.answer'>()({
    ...down,
    tag: 'get_download_task_rsp',
    clause: 'tencent 7.8',
    key: byDevice,
    // Without a URL there is nothing to download.
    wire: () => members({ name: absent(v.string()), size: absent(integer), md5sum: absent(v.string()), url: absent(v.string()) }),
    encode: (m) => ({ slots: slotsOf(m.device), body: m.body.offer === undefined ? {} : writeOffer(m.body.offer) }),
    decode: (f) => ({ device: refOf(f.slots), body: f.body.url === undefined || f.body.name === undefined ? {} : { offer: readOffer({ ...f.body, name: f.body.name, url: f.body.url }) } }),
  }),

  'resource.offer': row<'resource.offer'>()({
    ...down,
    tag: 'download',
    clause: 'tencent 7.8',
    wire: offer,
    encode: (m) => ({ slots: slotsOf(m.device), body: writeOffer(m.body) }),
    decode: (f) => ({ device: refOf(f.slots), body: readOffer(f.body) }),
  }),
}) as const;
