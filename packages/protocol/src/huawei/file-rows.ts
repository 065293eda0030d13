import * as v from 'valibot';
import { row } from '../dialect.ts';
import type { Part } from '../envelope.ts';
import { absent, defined, integer, members } from '../wire.ts';
import type { FileDirection, Message } from '../vocabulary.ts';
import { eventDown, eventUp, received, sent, systemTags, tagOf } from './event-envelope.ts';

const SERVICE = '$file_manager';

const directionOf = (part: Part): FileDirection => (part.tag?.includes('upload') === true ? 'upload' : 'download');

/** Nothing in an answer names its request but the direction. */
const byDirection = (m: Message<'file.request'> | Message<'file.grant'>): string => `${m.device}|${m.via}|${m.body.direction}`;

const hash = { hash_code: absent(v.string()), size: absent(integer) };
const attributesOf = (body: { readonly hash?: string; readonly bytes?: number }) =>
  body.hash === undefined && body.bytes === undefined ? undefined : defined({ hash_code: body.hash, size: body.bytes });

/** Files in object storage (reference 5.4, 8). */
export const fileRows = () => ({
  'file.request': row<'file.request'>()({
    ...eventUp,
    tag: systemTags(SERVICE, 'get_upload_url', 'get_download_url'),
    clause: 'huawei 5.4',
    hold: 'live',
    key: byDirection,
    // The C SDK puts hash and size beside the name.
    wire: () => members({ file_name: v.string(), file_attributes: absent(members(hash)), ...hash }),
    encode: (m) => ({
      ...sent(m, 'up'),
      tag: tagOf(SERVICE, `get_${m.body.direction}_url`),
      body: defined({ file_name: m.body.name, file_attributes: attributesOf(m.body) }),
    }),
    decode: (f) => {
      const { file_name: name, file_attributes: attributes } = f.body;
      return { ...received(f), body: defined({ direction: directionOf(f.part), name, hash: attributes?.hash_code ?? f.body.hash_code, bytes: attributes?.size ?? f.body.size }) };
    },
  }),

  // `expire` here, `expires` in upgrades: a slip of a platform is understood. The seed document has nothing but the URL as required (9.2).
  'file.grant': row<'file.grant'>()({
    ...eventDown,
    tag: systemTags(SERVICE, 'get_upload_url_response', 'get_download_url_response'),
    clause: 'huawei 5.4',
    key: byDirection,
    wire: () => members({ url: v.string(), bucket_name: absent(v.string()), object_name: absent(v.string()), expire: absent(integer), expires: absent(integer), file_attributes: absent(members(hash)) }),
    encode: (m) => {
      const { direction, url, bucket, object, expiresSeconds } = m.body;
      return {
        ...sent(m, 'down'),
        tag: tagOf(SERVICE, `get_${direction}_url_response`),
        body: defined({ url, bucket_name: bucket, object_name: object, expire: expiresSeconds, file_attributes: attributesOf(m.body) }),
      };
    },
    decode: (f) => {
      const { url, bucket_name: bucket, object_name: object = '', expire, expires, file_attributes: attributes } = f.body;
      return {
        ...received(f),
        body: defined({ direction: directionOf(f.part), url, bucket, object, expiresSeconds: expire ?? expires ?? 0, hash: attributes?.hash_code, bytes: attributes?.size }),
      };
    },
  }),

  'file.result': row<'file.result'>()({
    ...eventUp,
    tag: systemTags(SERVICE, 'upload_result_report', 'download_result_report'),
    clause: 'huawei 5.4',
    wire: () => members({ object_name: v.string(), result_code: integer, status_code: absent(integer), status_description: absent(v.string()) }),
    encode: (m) => ({
      ...sent(m, 'up'),
      tag: tagOf(SERVICE, `${m.body.direction}_result_report`),
      body: defined({ object_name: m.body.object, result_code: m.body.code, status_code: m.body.status, status_description: m.body.text }),
    }),
    decode: (f) => ({
      ...received(f),
      body: defined({ direction: directionOf(f.part), object: f.body.object_name, code: f.body.result_code, status: f.body.status_code, text: f.body.status_description }),
    }),
  }),
}) as const;
