import { isJsonObject, parseExact, stringifyExact, tencent } from '@lianyun/protocol';
import { unreachable } from '../../tencent/calls.ts';
import type { Device } from '../../records.ts';
import { refusal } from '../refusal.ts';
import { action, targetOf } from './action.ts';
import { bytesIn, checkTopic } from './payload.ts';

const CALLED = { ProductId: 'text', DeviceName: 'text' } as const;

/** The actions that call a device without a model and wait for its answer (7.3, 10.5). */
export const callActions = {
  PublishRRPCMessage: action({ ...CALLED, Payload: 'document' }, async (p, context) => {
    const device = callable(targetOf({ ...p, DeviceId: undefined }, context));
    const { id, bytes } = await context.tencent.calls.call('rpc', device, bytesIn(p.Payload)).catch((error: unknown) => {
      if (unreachable(error) === 'silent') throw refusal('FailedOperation.RRPCTimeout', `The device ${device} did not answer in time.`);
      throw reached(device, error);
    });
    return { MessageId: Number(id), PayloadBase64: base64(bytes) };
  }),

  // Over the form of IoT Explorer, or over topics of the product's own; a device that is silent is no error here.
  CallDeviceRRPCSync: action({ ...CALLED, Payload: 'document?', Encoding: 'text?', Topic: 'text?', ReplyTopic: 'text?' }, async (p, context) => {
    const device = callable(targetOf({ ProductId: p.ProductId, DeviceName: p.DeviceName, DeviceId: undefined }, context));
    const { calls } = context.tencent;
    const [payload, token] = [bytesIn(p.Payload ?? '', p.Encoding, 'Encoding'), calls.newToken()];
    const answer = (status: string, bytes: Uint8Array, id: string, replyTopic: string): object => ({ ClientToken: token, Status: status, MessageId: id, PayloadBase64: base64(bytes), ReplyTopic: replyTopic });
    const silent = (error: unknown): object => {
      if (unreachable(error) === 'silent') return answer('Timeout', Buffer.alloc(0), '', p.ReplyTopic ?? '');
      throw reached(device, error);
    };
    if (!p.Topic) {
      const call = calls.call('sync', device, payload);
      return call.then(({ id, bytes }) => answer('Replied', bytes, id, tencent.rows['sync.result'].topic.replace('{productId}/{deviceName}', device).replace('{requestId}', id)), silent);
    }
    const { Topic: topic, ReplyTopic: replyTopic = '' } = p;
    checkTopic('Topic', topic, device, context);
    checkTopic('ReplyTopic', replyTopic, device, context);
    return calls.callOver({ device, topic, replyTopic, token, payload: withToken(payload, token) }).then((bytes) => answer('Replied', bytes, token, replyTopic), silent);
  }),
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function callable({ device, enabled }: Device): string {
  if (!enabled) throw refusal('UnauthorizedOperation.DeviceIsNotEnabled', `The device ${device} is disabled.`);
  return device;
}

/** What is said of a device that a call did not reach. */
function reached(device: string, error: unknown): unknown {
  const why = unreachable(error);
  if (why === 'offline') return refusal('FailedOperation.DeviceOffline', `The device ${device} is not online.`);
  return why === 'not-subscribed' ? refusal('FailedOperation.DeviceNoSubscription', `The device ${device} has not subscribed to calls.`) : error;
}

/** What goes over a product's own topics carries the token that its answer repeats: in the payload where that is a JSON object, else around it. */
function withToken(payload: Buffer, token: string): Buffer {
  let document: unknown;
  try {
    document = parseExact(payload.toString('utf8'));
  } catch {
    document = undefined;
  }
  return Buffer.from(stringifyExact(isJsonObject(document) ? { ...document, clientToken: token } : { method: 'rrpc_sync', clientToken: token, payload: payload.toString('base64') }));
}
