import * as v from 'valibot';
import { row } from '../dialect.ts';
import { LianyunError } from '../errors.ts';
import { absent, defined, integer, members } from '../wire.ts';
import { token, typed } from './envelope.ts';
import { refOf, slotsOf } from './reference.ts';

const otaUp = { direction: 'up', topic: '$ota/report/{productId}/{deviceName}', envelope: typed } as const;
/** Granted at QoS 1, or the vendor's Python SDK gives up; subscribed when its OTA service starts (5.1). */
const otaDown = { direction: 'down', topic: '$ota/update/{productId}/{deviceName}', envelope: typed, qos: 1, subscribe: 'on-use' } as const;

/** Nothing in these messages ties an answer to its request: the device does, first in, first out (reference 7.1, 5.1). */
const byDevice = (m: { readonly device: string }): string => m.device;

const STATES = ['downloading', 'burning', 'done', 'fail'] as const;

/** Firmware, time and log level (reference 5, 7.1, 7.6). */
export const systemRows = () => ({
  'time.query': row<'time.query'>()({
    direction: 'up',
    topic: '$sys/operation/{productId}/{deviceName}',
    envelope: typed,
    tag: 'get',
    clause: 'tencent 7.1',
    qos: 0,
    hold: 'live',
    key: byDevice,
    wire: () => members({ resource: absent(v.array(v.string())) }),
    encode: (m) => ({ slots: slotsOf(m.device), body: { resource: ['time'] } }),
    decode: (f) => ({ device: refOf(f.slots), body: {} }),
  }),

  'time.answer': row<'time.answer'>()({
    direction: 'down',
    topic: '$sys/operation/result/{productId}/{deviceName}',
    envelope: typed,
    tag: 'get',
    clause: 'tencent 7.1',
    qos: 0,
    subscribe: 'on-use',
    key: byDevice,
    wire: () => members({ time: absent(integer), ntptime1: integer, ntptime2: integer }),
    encode: (m) => ({ slots: slotsOf(m.device), body: { time: Math.floor(m.body.answeredAt / 1000), ntptime1: m.body.receivedAt, ntptime2: m.body.answeredAt } }),
    decode: (f) => ({ device: refOf(f.slots), body: { receivedAt: f.body.ntptime1, answeredAt: f.body.ntptime2 } }),
  }),

  'ota.version': row<'ota.version'>()({
    ...otaUp,
    tag: 'report_version',
    clause: 'tencent 5.1',
    qos: 1,
    settledBy: 'ota.version.ack',
    key: byDevice,
    wire: () => members({ report: members({ version: v.string() }) }),
    encode: (m) => {
      const { firmware } = m.body;
      if (firmware === undefined || firmware === '') throw new LianyunError('bad-input', 'A Tencent device reports the version of its firmware: { firmware }.', { device: m.device });
      return { slots: slotsOf(m.device), body: { report: { version: firmware } } };
    },
    decode: (f) => ({ device: refOf(f.slots), body: { firmware: f.body.report.version } }),
  }),

  'ota.version.ack': row<'ota.version.ack'>()({
    ...otaDown,
    tag: 'report_version_rsp',
    clause: 'tencent 5.1',
    key: byDevice,
    wire: () => members({ result_code: integer, result_msg: absent(v.string()), version: absent(v.string()) }),
    encode: (m) => ({ slots: slotsOf(m.device), body: defined({ result_code: m.body.code, result_msg: m.body.text, version: m.body.version }) }),
    decode: (f) => ({ device: refOf(f.slots), body: defined({ code: f.body.result_code, text: f.body.result_msg, version: f.body.version }) }),
  }),

  'ota.offer': row<'ota.offer'>()({
    ...otaDown,
    tag: 'update_firmware',
    clause: 'tencent 5.1',
    wire: () => members({ file_size: absent(integer), md5sum: absent(v.string()), url: v.string(), version: v.string() }),
    encode: (m) => {
      const { kind, bytes, digest, url, version } = m.body;
      if (kind !== 'firmware' || bytes === undefined || digest?.algorithm !== 'md5')
        throw new LianyunError('bad-input', 'A Tencent package is firmware with a size and an MD5 digest: { kind: "firmware", bytes, digest: { algorithm: "md5", hex } }.', { device: m.device });
      return { slots: slotsOf(m.device), body: { file_size: bytes, md5sum: digest.hex, url, version } };
    },
    decode: (f) => ({
      device: refOf(f.slots),
      body: defined({
        kind: 'firmware' as const,
        version: f.body.version,
        url: f.body.url,
        bytes: f.body.file_size,
        digest: f.body.md5sum === undefined ? undefined : { algorithm: 'md5' as const, hex: f.body.md5sum },
      }),
    }),
  }),

  // Percent and code are strings on this wire; a step of the download may get lost, the outcome may not (5.1).
  'ota.progress': row<'ota.progress'>()({
    ...otaUp,
    tag: 'report_progress',
    clause: 'tencent 5.1',
    qos: 1,
    wire: () => members({
      report: members({
        progress: members({ state: v.picklist(STATES), percent: absent(numeric()), result_code: absent(numeric()), result_msg: absent(v.string()) }),
        version: absent(v.string()),
      }),
    }),
    encode: (m) => {
      const state = m.body.state ?? (m.body.code === 0 ? ('downloading' as const) : ('fail' as const));
      return {
        slots: slotsOf(m.device),
        qos: state === 'downloading' ? 0 : 1,
        body: {
          report: {
            progress: defined({
              state,
              percent: m.body.percent === undefined ? undefined : String(m.body.percent),
              result_code: String(m.body.code),
              result_msg: m.body.text ?? '',
            }),
            version: m.body.version,
          },
        },
      };
    },
    decode: (f) => {
      const { progress, version = '' } = f.body.report;
      return {
        device: refOf(f.slots),
        body: defined({
          state: progress.state,
          code: Number(progress.result_code ?? 0),
          percent: progress.percent === undefined ? undefined : Number(progress.percent),
          version,
          text: progress.result_msg,
        }),
      };
    },
  }),

  'log.query': row<'log.query'>()({
    direction: 'up',
    topic: '$log/operation/{productId}/{deviceName}',
    envelope: typed,
    tag: 'get_log_level',
    clause: 'tencent 7.6',
    qos: 0,
    hold: 'live',
    key: byDevice,
    wire: () => members({ clientToken: token }),
    encode: (m) => ({ slots: slotsOf(m.device), body: defined({ clientToken: m.id }) }),
    decode: (f) => ({ device: refOf(f.slots), id: f.body.clientToken, body: {} }),
  }),

  // Comes with or without a type: the topic has no other message.
  'log.config': row<'log.config'>()({
    direction: 'down',
    topic: '$log/operation/result/{productId}/{deviceName}',
    clause: 'tencent 7.6',
    qos: 0,
    subscribe: 'on-use',
    key: byDevice,
    wire: () => members({ clientToken: token, log_level: integer }),
    encode: (m) => ({ slots: slotsOf(m.device), body: defined({ clientToken: m.id, log_level: m.body.level ?? (m.body.on ? 3 : 0) }) }),
    decode: (f) => ({ device: refOf(f.slots), id: f.body.clientToken, body: { on: f.body.log_level > 0, level: f.body.log_level } }),
  }),
}) as const;

/** A number that this wire writes as a string; numbers are read too. */
function numeric() {
  return v.pipe(v.union([v.string(), v.number()]), v.transform(String), v.regex(/^-?\d{1,10}$/, 'digits are expected'));
}
