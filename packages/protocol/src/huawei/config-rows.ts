import * as v from 'valibot';
import { row } from '../dialect.ts';
import { absent, anyJson, defined, integer, members } from '../wire.ts';
import { eventDown, eventUp, received, sent, systemTags } from './event-envelope.ts';

const SERVICE = '$device_config';

/** Remote configuration (reference 5.8). Nothing in an answer says which update it is for. */
export const configRows = () => ({
  'config.update': row<'config.update'>()({
    ...eventDown,
    tag: systemTags(SERVICE, 'config_update'),
    clause: 'huawei 5.8',
    key: (m) => m.device,
    wire: () => members({ config_content: anyJson }),
    encode: (m) => ({ ...sent(m, 'down'), body: { config_content: m.body.content } }),
    decode: (f) => ({ ...received(f), body: { content: f.body.config_content } }),
  }),

  'config.update.result': row<'config.update.result'>()({
    ...eventUp,
    tag: systemTags(SERVICE, 'config_update_response'),
    clause: 'huawei 5.8',
    key: (m) => m.device,
    wire: () => members({ result_code: integer, description: absent(v.string()) }),
    encode: (m) => ({ ...sent(m, 'up'), body: defined({ result_code: m.body.code, description: m.body.text }) }),
    decode: (f) => ({ ...received(f), body: defined({ code: f.body.result_code, text: f.body.description }) }),
  }),
}) as const;
