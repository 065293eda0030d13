import * as v from 'valibot';
import { row } from '../dialect.ts';
import { LianyunError } from '../errors.ts';
import { absent, anyJson, defined, integer, members } from '../wire.ts';
import type { OtaOffer, OtaTask } from '../vocabulary.ts';
import { eventDown, eventUp, received, sent, systemTags, tagOf } from './event-envelope.ts';

const SERVICE = '$ota';

const task = { task_id: absent(v.string()), sub_device_count: absent(integer), task_ext_info: absent(anyJson) };
type WireTask = v.InferOutput<v.ObjectSchema<typeof task, undefined>>;
const readTask = (body: WireTask) => ({ taskId: body.task_id, children: body.sub_device_count, taskInfo: body.task_ext_info });
const writeTask = (body: OtaTask) => ({ task_id: body.taskId, sub_device_count: body.children, task_ext_info: body.taskInfo });

const signOf = ({ digest }: OtaOffer): string | undefined => {
  if (digest === undefined || digest.algorithm === 'sha256') return digest?.hex;
  throw new LianyunError('bad-input', 'Huawei signs a package with SHA-256: { digest: { algorithm: "sha256", hex } }.');
};

/** Upgrades (reference 5.2, 7). */
export const otaRows = () => ({
  'ota.query': row<'ota.query'>()({
    ...eventDown,
    tag: systemTags(SERVICE, 'version_query'),
    clause: 'huawei 5.2',
    wire: () => members(task),
    encode: (m) => ({ ...sent(m, 'down'), body: defined(writeTask(m.body)) }),
    decode: (f) => ({ ...received(f), body: defined(readTask(f.body)) }),
  }),

  'ota.version': row<'ota.version'>()({
    ...eventUp,
    tag: systemTags(SERVICE, 'version_report'),
    clause: 'huawei 5.2',
    wire: () => members({ fw_version: absent(v.string()), sw_version: absent(v.string()) }),
    encode: (m) => ({ ...sent(m, 'up'), body: defined({ fw_version: m.body.firmware, sw_version: m.body.software }) }),
    decode: (f) => ({ ...received(f), body: defined({ firmware: f.body.fw_version, software: f.body.sw_version }) }),
  }),

  // A package that the platform keeps (v1) comes with a token, an empty one where the platform names none; one in object storage (v2) without: its signed URL
  // is refused beside a second credential (reference 7.2).
  'ota.offer': row<'ota.offer'>()({
    ...eventDown,
    tag: systemTags(SERVICE, 'firmware_upgrade', 'software_upgrade', 'firmware_upgrade_v2', 'software_upgrade_v2'),
    clause: 'huawei 5.2',
    wire: () => members({
      version: v.string(),
      url: v.string(),
      file_size: absent(integer),
      file_name: absent(v.string()),
      access_token: absent(v.string()),
      expires: absent(integer),
      sign: absent(v.string()),
      custom_info: absent(v.string()),
      ...task,
    }),
    encode: (m) => {
      const { kind, version, url, bytes, fileName, token, expiresSeconds, info } = m.body;
      return {
        ...sent(m, 'down'),
        tag: tagOf(SERVICE, `${kind}_upgrade${token === undefined ? '_v2' : ''}`),
        body: defined({ version, url, file_size: bytes, file_name: fileName, access_token: token, expires: expiresSeconds, sign: signOf(m.body), custom_info: info, ...writeTask(m.body) }),
      };
    },
    decode: (f) => {
      const { version, url, file_size, file_name, access_token, expires, sign, custom_info } = f.body;
      const kind = f.part.tag?.includes('firmware') === true ? ('firmware' as const) : ('software' as const);
      const token = f.part.tag?.endsWith('_v2') === true ? undefined : (access_token ?? '');
      const digest = sign === undefined ? undefined : { algorithm: 'sha256' as const, hex: sign };
      return { ...received(f), body: defined({ kind, version, url, bytes: file_size, fileName: file_name, token, expiresSeconds: expires, digest, info: custom_info, ...readTask(f.body) }) };
    },
  }),

  'ota.progress': row<'ota.progress'>()({
    ...eventUp,
    tag: systemTags(SERVICE, 'upgrade_progress_report'),
    clause: 'huawei 5.2',
    wire: () => members({ result_code: integer, progress: absent(integer), version: absent(v.string()), description: absent(v.string()) }),
    encode: (m) => ({ ...sent(m, 'up'), body: defined({ result_code: m.body.code, progress: m.body.percent, version: m.body.version, description: m.body.text }) }),
    decode: (f) => ({ ...received(f), body: defined({ code: f.body.result_code, percent: f.body.progress, version: f.body.version ?? '', text: f.body.description }) }),
  }),
}) as const;
