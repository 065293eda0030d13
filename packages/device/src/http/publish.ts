import { LianyunError, tencent, tencentHttp } from '@lianyun/protocol';
import { isTopicName } from '@lianyun/protocol/mqtt';
import { sendOverHttp, type HttpSenderOptions } from './sender.ts';

/** A message, who publishes it over HTTP, and where. */
export interface HttpPublishOptions extends HttpSenderOptions {
  readonly topic: string;
  /** Text as it is; bytes that are no UTF-8 travel in base64. At most 64 KiB. */
  readonly payload: string | Uint8Array;
  /** 0 when left out. */
  readonly qos?: 0 | 1;
}

/**
 * Publishes one message of a Tencent device over HTTP, without a connection of its own (reference 7.7): for devices that wake, report and sleep. The cloud takes it as if it had come over MQTT;
 * what it answers on a topic only reaches a device that is connected.
 *
 * Resolves with the cloud's id of the request. Rejects with `bad-config`, `bad-input`, `too-large`, `refused` (the cloud says no; `cause` is its code and text), `clock-skew` (it says no because this machine's clock is wrong), `bad-response`, `untrusted-server`, `network`,
 * `timeout`, `aborted`. Nothing is sent again by itself.
 */
export async function publishOverHttp(options: HttpPublishOptions): Promise<{ readonly requestId?: string }> {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) throw new LianyunError('bad-config', 'publishOverHttp() takes { productId, deviceName, deviceSecret, topic, payload }.');
  const { path, write } = tencentHttp.publish;
  return sendOverHttp(options, {
    what: 'the message',
    path,
    write: (way, context, device) => {
      const { productId, deviceName, topic, payload, qos = 0 } = options;
      checkMessage(device, { topic, payload, qos });
      return write({ productId, deviceName, topic, payload, qos }, way, context);
    },
  });
}

/** Types say so already; a program in JavaScript can pass anything. */
function checkMessage(device: string, { topic, payload, qos }: { readonly topic: unknown; readonly payload: unknown; readonly qos: unknown }): void {
  const bad = (text: string): LianyunError => new LianyunError('bad-input', text, { device });
  if (typeof topic !== 'string' || !isTopicName(topic)) throw bad(`${JSON.stringify(topic)} is no topic to publish to: text without + and # is expected.`);
  if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) throw bad(`The payload for ${topic} is neither text nor a Uint8Array.`);
  if (qos !== 0 && qos !== 1) throw bad(`qos is ${String(qos)}: 0 or 1 is expected.`);
  const [bytes, most] = [Buffer.byteLength(payload), tencent.limits.payloadBytes];
  if (bytes > most) throw new LianyunError('too-large', `The payload for ${topic} has ${bytes} bytes; Tencent takes ${most}.`, { device, topic });
}
