import * as v from 'valibot';
import { row } from '../dialect.ts';
import { textOf, type Envelope } from '../envelope.ts';
import { isJsonObject, parseExact, stringifyExact, type JsonObject } from '../json.ts';
import type { Message } from '../vocabulary.ts';
import { absent, defined, jsonObject, members } from '../wire.ts';

/** A request is empty, or any text; with a keyword it is a document (reference 6.3). */
const free: Envelope = {
  open: (payload) => [{ body: textOf(payload) }],
  // The row below writes text.
  seal: (part) => part.body as string,
};

/** What a request says: a document of no more than the keyword, or a text of the program's own. */
function readRequest(text: string): Message<'provision.request'>['body'] {
  const document = text === '' ? {} : readDocument(text);
  if (document === undefined) return { text };
  const { baseStrategyKeyword: keyword, ...others } = document;
  if (typeof keyword === 'string' && keyword !== '') return { keyword };
  return Object.keys(others).length === 0 ? {} : { text };
}

function readDocument(text: string): JsonObject | undefined {
  try {
    const document = parseExact(text);
    return isJsonObject(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

/** A code that is written as a number. */
const number = /^(?:0|[1-9]\d{0,14})$/;

/** Where a device is to connect (reference 6). */
export const provisionRows = () => ({
  'provision.request': row<'provision.request'>()({
    direction: 'up',
    topic: '$oc/devices/{deviceId}/sys/bootstrap/up',
    clause: 'huawei 6.3',
    envelope: free,
    qos: 1,
    hold: 'live',
    key: (m) => m.via,
    wire: () => v.string(),
    encode: (m) => ({ slots: { deviceId: m.device }, body: 'text' in m.body ? m.body.text : m.body.keyword === undefined ? '' : stringifyExact({ baseStrategyKeyword: m.body.keyword }) }),
    decode: (f) => ({ device: f.slots.deviceId, body: readRequest(f.body) }),
  }),

  // Which codes there are beside 100414 and 100417 is not documented, nor whether they are numbers.
  'provision.result': row<'provision.result'>()({
    direction: 'down',
    topic: '$oc/devices/{deviceId}/sys/bootstrap/down',
    clause: 'huawei 6.3',
    qos: 0,
    subscribe: 'on-use',
    key: (m) => m.via,
    wire: () => v.pipe(
      members({
        address: absent(v.string()),
        initConfig: absent(v.union([v.string(), jsonObject])),
        deviceSecret: absent(v.string()),
        errorCode: absent(v.union([v.string(), v.number()])),
        errorMsg: absent(v.string()),
      }),
      v.check(({ address, errorCode, errorMsg }) => address !== undefined || errorCode !== undefined || errorMsg !== undefined, 'address or errorCode is expected'),
    ),
    encode: ({ device, body }) => ({
      slots: { deviceId: device },
      body:
        'address' in body
          ? defined({ address: body.address, initConfig: body.config, deviceSecret: body.secret })
          : defined({ errorCode: number.test(body.error) ? Number(body.error) : body.error, errorMsg: body.text }),
    }),
    decode: (f) => {
      const { address, initConfig, deviceSecret: secret, errorCode = 'unknown', errorMsg: text } = f.body;
      const config = initConfig === undefined || typeof initConfig === 'string' ? initConfig : stringifyExact(initConfig);
      return { device: f.slots.deviceId, body: address === undefined ? defined({ error: String(errorCode), text }) : defined({ address, secret, config }) };
    },
  }),
}) as const;
