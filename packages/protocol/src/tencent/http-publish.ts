import * as v from 'valibot';
import { LianyunError } from '../errors.ts';
import type { SignInContext } from '../sign-in.ts';
import { absent, defined, integer, members } from '../wire.ts';
import { signTencentHttp, type TencentHttpKey } from './sign-in-http.ts';
import { readHttpAnswer, refusalIn, type TencentHttpCall, type TencentRefusal } from './sign-in-registration.ts';

/** A message that a device publishes over HTTP (reference 7.7). */
export interface TencentHttpMessage {
  readonly productId: string;
  readonly deviceName: string;
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly qos: 0 | 1;
}

/** Where it goes, unless the program says otherwise. */
export const PUBLISH_PATH = '/device/publish';

/** The request that publishes a message: text as it is, bytes that are no text in base64. */
export function writeHttpPublish({ productId, deviceName, topic, payload, qos }: TencentHttpMessage, { key, host, path }: { readonly key: TencentHttpKey; readonly host: string; readonly path: string }, context: SignInContext): TencentHttpCall {
  const text = typeof payload === 'string' ? payload : textIn(payload);
  const content = text === undefined ? { Payload: Buffer.from(payload as Uint8Array).toString('base64'), Qos: qos, PayloadEncoding: 'base64' } : { Payload: text, Qos: qos };
  const body = JSON.stringify({ ProductId: productId, DeviceName: deviceName, TopicName: topic, ...content });
  return { path, body, headers: signTencentHttp({ host, path, body }, key, context) };
}

const request = members({
  ProductId: v.string(),
  DeviceName: v.string(),
  TopicName: v.string(),
  Payload: v.string(),
  Qos: absent(v.pipe(integer, v.picklist([0, 1]))),
  PayloadEncoding: absent(v.picklist(['base64'])),
});

/** Reads what a device publishes; the text says what is wrong. */
export function readHttpPublish(document: unknown): TencentHttpMessage | { readonly wrong: string } {
  const parsed = v.safeParse(request, document);
  if (!parsed.success) return { wrong: `${v.getDotPath(parsed.issues[0]) ?? 'the body'}: ${parsed.issues[0].message}` };
  const { ProductId: productId, DeviceName: deviceName, TopicName: topic, Payload: payload, Qos: qos = 0, PayloadEncoding: encoding } = parsed.output;
  return { productId, deviceName, topic, qos, payload: encoding === 'base64' ? Buffer.from(payload, 'base64') : payload };
}

const answer = members({ Response: members({ RequestId: absent(v.string()), Error: v.optional(v.unknown()) }) });

/** What a publish was answered. Throws `bad-response`. */
export function readPublishAnswer(text: string): { readonly requestId?: string } | { readonly refusal: TencentRefusal } {
  const parsed = v.safeParse(answer, readHttpAnswer(text));
  if (!parsed.success) throw new LianyunError('bad-response', 'The answer of the cloud has no Response.', { path: '$.Response', excerpt: text.slice(0, 200) });
  const refusal = refusalIn(parsed.output.Response.Error);
  return refusal === undefined ? defined({ requestId: parsed.output.Response.RequestId }) : { refusal };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as text, where they are text. */
function textIn(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
