import { randomUUID } from 'node:crypto';
import { isLianyunError, LianyunError, stringifyExact, type DeviceRef, type ErrorCode, type JsonValue } from '@lianyun/protocol';
import { isTopicName } from '@lianyun/protocol/mqtt';
import * as v from 'valibot';
import type { Letter, LetterProperties } from '../../mailbox.ts';
import type { NorthContext } from '../context.ts';
import { refusal } from '../refusal.ts';
import { absent, deviceOf, object, param, readBody, text, type Answer, type Call } from './call.ts';
import { APP, timestamp } from './shapes.ts';

/** The largest message (14.7). */
const MAX_BYTES = 256 * 1024;
const MINUTE_MS = 60_000;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Which codes the cloud gives here is documented nowhere: those of the other requests. */
const FAILURES: Partial<Record<ErrorCode, string>> = { offline: 'IOTDA.014016', dropped: 'IOTDA.014016', unsupported: 'IOTDA.014112', timeout: 'IOTDA.014111' };

const json = v.custom<JsonValue>((value) => value !== undefined && value !== null && value !== '', 'text or any JSON value is expected');

/** For MQTT 5 (3.3.1, 14.7). */
const userProperties = v.pipe(v.array(object({ prop_key: text(128), prop_value: text(128) }), 'an array is expected'), v.maxLength(20, 'at most 20 are expected'));

/** The body of CreateMessage. */
export const messageSchema = object({
  message: json,
  message_id: absent(text(100)),
  name: absent(text(128)),
  encoding: absent(v.picklist(['none', 'base64'], 'none or base64 is expected')),
  payload_format: absent(v.picklist(['standard', 'raw'], 'standard or raw is expected')),
  topic: absent(v.pipe(text(64), v.regex(/^[\w/-]+$/, 'letters, digits, _, - and / are expected'))),
  topic_full_name: absent(v.pipe(text(128), v.regex(/^[^+#]+$/, 'a topic without + and # is expected'))),
  ttl: absent(v.pipe(v.number('a number is expected'), v.integer('whole minutes are expected'), v.minValue(0, '0 to 1440 is expected'), v.maxValue(1440, '0 to 1440 is expected'), v.multipleOf(5, 'a multiple of 5 is expected'))),
  properties: absent(object({ correlation_data: absent(text(128)), response_topic: absent(v.pipe(text(128), v.regex(/^[^+#]+$/, 'a topic without + and # is expected'))), user_properties: absent(userProperties) })),
});

/** POST /devices/{device_id}/messages: delivered now, or when the device connects (14.5, 14.7). */
export async function createMessage(call: Call): Promise<object> {
  const { device } = deviceOf(call);
  const letter = await post(call.context, device, readBody(call, messageSchema));
  return { message_id: letter.id, result: { status: letter.status.toUpperCase(), created_time: timestamp(letter.createdAt), finished_time: finishedAt(letter) } };
}

/** Sends a device a message; resolves with what became of it so far. */
export async function post({ postman }: NorthContext, device: DeviceRef, body: v.InferOutput<typeof messageSchema>): Promise<Letter> {
  const { message: content, name, properties, payload_format: format = 'standard', encoding = 'none' } = body;
  checkContent(content, format, encoding);
  if (body.topic !== undefined && body.topic_full_name !== undefined) throw bad('topic', 'topic and topic_full_name exclude each other');
  if (body.topic_full_name?.startsWith('$') === true && !body.topic_full_name.startsWith(`$oc/devices/${device}/user/`)) throw bad('topic_full_name', 'a topic that begins with $ belongs to the platform');
  const topic = body.topic_full_name ?? (body.topic === undefined ? undefined : `$oc/devices/${device}/user/${body.topic}`);
  return postman
    .post(device, {
      id: body.message_id ?? randomUUID(),
      content,
      format,
      encoding,
      ttlMs: (body.ttl ?? 1440) * MINUTE_MS,
      ...(name === undefined ? {} : { name }),
      ...(topic === undefined ? {} : { topic }),
      ...(properties === undefined ? {} : { properties: readProperties(properties) }),
    })
    .catch((error: unknown) => {
      if (isLianyunError(error, 'unsupported')) throw refusal('IOTDA.014112', `The device has not subscribed to the topic: ${error.message}`);
      throw error;
    });
}

function checkContent(content: JsonValue, format: Letter['format'], encoding: Letter['encoding']): void {
  const written = typeof content === 'string' ? content : stringifyExact(content);
  if (Buffer.byteLength(written) > MAX_BYTES) throw bad('message', `at most ${MAX_BYTES} bytes are expected`);
  if (encoding === 'none') return;
  if (format !== 'raw') throw bad('encoding', 'base64 needs payload_format raw');
  if (typeof content !== 'string' || !BASE64.test(content)) throw bad('message', 'it is no base64');
}

const bad = (path: string, what: string): LianyunError => new LianyunError('bad-input', `Invalid input data. ${path}: ${what}`, { path });

const broadcastSchema = object({
  app_id: absent(text(36)),
  topic_full_name: v.pipe(text(128), v.check((topic) => isTopicName(topic) && (!topic.startsWith('$') || topic.startsWith('$oc/broadcast/')), 'a topic without + and # that does not begin with $, except for $oc/broadcast/, is expected')),
  message: v.pipe(v.string('a string is expected'), v.regex(BASE64, 'base64 is expected'), v.check((message) => Buffer.byteLength(message, 'base64') <= MAX_BYTES, `at most ${MAX_BYTES} bytes are expected`)),
  // Nothing is kept for those that do not hear it now.
  ttl: absent(v.pipe(v.number('a number is expected'), v.integer('a whole number is expected'), v.minValue(0, '0 or more is expected'))),
  message_id: absent(text(100)),
});

/** POST /broadcast-messages: to everybody who has subscribed the topic now (14.5). */
export function broadcastMessage(call: Call): Answer {
  const { broadcasts, clock } = call.context;
  const { app_id = APP.id, topic_full_name, message, message_id = randomUUID() } = readBody(call, broadcastSchema);
  broadcasts.toTopic('huawei', topic_full_name, Buffer.from(message, 'base64'));
  return { app_id, topic_full_name, message_id, created_time: timestamp(clock.now()) };
}

/** GET /devices/{device_id}/messages */
export function listMessages(call: Call): Answer {
  const { postman } = call.context;
  const { device } = deviceOf(call);
  return { device_id: device, messages: postman.letters(device).map((letter) => messageItem(device, letter)) };
}

/** GET /devices/{device_id}/messages/{message_id} */
export function showMessage(call: Call): Answer {
  const { postman } = call.context;
  const { device } = deviceOf(call);
  const id = param(call, 'message_id');
  const letter = postman.find(device, id);
  if (letter === undefined) throw noMessage(device, id);
  return messageItem(device, letter);
}

/** DELETE /devices/{device_id}/messages/{message_id} */
export function deleteMessage(call: Call): Answer {
  const { postman } = call.context;
  const { device } = deviceOf(call);
  const id = param(call, 'message_id');
  if (!postman.remove(device, id)) throw noMessage(device, id);
  return undefined;
}

const noMessage = (device: string, id: string): LianyunError => new LianyunError('not-found', `There is no message ${JSON.stringify(id)} for ${device}.`);

type Given = NonNullable<v.InferOutput<typeof messageSchema>['properties']>;

function readProperties({ correlation_data: correlationData, response_topic: responseTopic, user_properties: pairs }: Given): LetterProperties {
  return {
    ...(correlationData === undefined ? {} : { correlationData }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(pairs === undefined ? {} : { userProperties: pairs.map(({ prop_key, prop_value }) => [prop_key, prop_value] as const) }),
  };
}

function shownProperties({ correlationData, responseTopic, userProperties: pairs }: LetterProperties): object {
  return { correlation_data: correlationData, response_topic: responseTopic, user_properties: pairs?.map(([prop_key, prop_value]) => ({ prop_key, prop_value })) };
}

/** Why a message could not be delivered. */
export const failureOf = ({ failure }: Letter): { readonly error_code: string; readonly error_msg: string } | undefined =>
  failure === undefined ? undefined : { error_code: FAILURES[failure.code] ?? 'IOTDA.000006', error_msg: failure.text };

const finishedAt = ({ finishedAt: at }: Letter): string | undefined => (at === undefined ? undefined : timestamp(at));

/** A message as the API shows it (14.7). */
function messageItem(device: string, letter: Letter): object {
  const own = `$oc/devices/${device}/user/`;
  return {
    message_id: letter.id,
    name: letter.name,
    message: letter.content,
    encoding: letter.encoding,
    payload_format: letter.format,
    topic: letter.topic?.startsWith(own) === true ? letter.topic.slice(own.length) : letter.topic,
    properties: letter.properties === undefined ? undefined : shownProperties(letter.properties),
    status: letter.status.toUpperCase(),
    error_info: failureOf(letter),
    created_time: timestamp(letter.createdAt),
    finished_time: finishedAt(letter),
  };
}
