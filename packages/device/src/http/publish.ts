import type { KeyLike } from 'node:crypto';
import { LianyunError, systemClock, tencent, tencentHttp, type Clock, type TencentHttpKey } from '@lianyun/protocol';
import { isTopicName } from '@lianyun/protocol/mqtt';
import { CloudTime } from '../cloud-time.ts';
import type { TlsOptions } from '../net/tls-options.ts';
import { refusedBy } from '../registration/register.ts';
import { post, readApiUrl } from './post.ts';

/** A message, who publishes it over HTTP, and where. */
export interface HttpPublishOptions {
  readonly productId: string;
  readonly deviceName: string;
  /** The device's secret, as the console shows it; or `privateKey`. */
  readonly deviceSecret?: string;
  /** The private key of the device's certificate, PEM (RSA): for a device that has no secret. */
  readonly privateKey?: KeyLike;
  readonly topic: string;
  /** Text as it is; bytes that are no UTF-8 travel in base64. At most 64 KiB. */
  readonly payload: string | Uint8Array;
  /** 0 when left out. */
  readonly qos?: 0 | 1;
  /** Where: `https://HOST[:PORT]`, or a URL with a path of its own. Left out: the vendor's host in China. */
  readonly url?: string;
  /** Over https: whom to trust. */
  readonly tls?: TlsOptions;
  /** The proxy on the way, false for none; left out, what the environment says (see the option of a device). */
  readonly proxy?: string | false;
  /** Time for all of it, ms; 10,000 when left out. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Time and chance, for tests. */
  readonly clock?: Clock;
}

const DEADLINE_MS = 10_000;

/** Publishes one message over HTTP; what the package exports under the same name tells of it. */
export async function publishOverHttp(options: HttpPublishOptions): Promise<{ readonly requestId?: string }> {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) throw new LianyunError('bad-config', 'publishOverHttp() takes { productId, deviceName, deviceSecret, topic, payload }.');
  const { productId, deviceName, topic, payload, qos = 0, url: base = tencentHttp.vendorUrl, tls, proxy, deadlineMs = DEADLINE_MS, signal, clock = systemClock } = options;
  const device = tencent.signIn.deviceOf({ productId, deviceName, certificate: true });
  const key = keyIn(options);
  checkMessage(device, { topic, payload, qos });
  const url = readApiUrl('url', base, tencentHttp.publish.path);
  const { headers, body } = tencentHttp.publish.write({ productId, deviceName, topic, payload, qos }, { key, host: url.hostname, path: url.pathname }, { now: clock.now(), random: () => clock.random() });
  const serverTime = new CloudTime(clock);
  const answer = tencentHttp.publish.readAnswer(await post({ url, headers, body, tls, proxy, clock, what: `The message of ${device} over HTTP`, deadlineMs, signal, serverTime }));
  if ('refusal' in answer) throw refusedBy(`the message of ${device}`, answer.refusal, serverTime.aheadMs);
  return answer;
}

function keyIn({ deviceSecret, privateKey }: HttpPublishOptions): TencentHttpKey {
  if ((deviceSecret === undefined) === (privateKey === undefined)) throw new LianyunError('bad-config', 'Either deviceSecret or privateKey is expected: the one that the device has.');
  if (privateKey !== undefined) return { privateKey };
  if (typeof deviceSecret !== 'string' || deviceSecret === '') throw new LianyunError('bad-config', 'deviceSecret is no text; copy it from the device in the console.');
  return { secret: deviceSecret };
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
