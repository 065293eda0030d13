import type { KeyLike } from 'node:crypto';
import { LianyunError, systemClock, tencent, tencentHttp, type Clock, type SignInContext, type TencentHttpCall, type TencentHttpKey } from '@lianyun/protocol';
import { CloudTime } from '../cloud-time.ts';
import type { TlsOptions } from '../net/tls-options.ts';
import { refusedBy } from '../registration/register.ts';
import { post, readApiUrl } from './post.ts';

/** Who sends something over HTTP, and where. */
export interface HttpSenderOptions {
  readonly productId: string;
  readonly deviceName: string;
  /** The device's secret, as the console shows it; or `privateKey`. */
  readonly deviceSecret?: string;
  /** The private key of the device's certificate, PEM (RSA): for a device that has no secret. */
  readonly privateKey?: KeyLike;
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

/** What is sent. */
interface HttpRequest {
  /** For the texts of errors: "the message". */
  readonly what: string;
  readonly path: string;
  /** Checks it, and writes it down. */
  write(way: { readonly key: TencentHttpKey; readonly host: string; readonly path: string }, context: SignInContext, device: string): TencentHttpCall;
}

const DEADLINE_MS = 10_000;

/** Sends something in the name of a device that needs no connection for it; resolves with what the cloud calls the request. Rejects as its callers say. */
export async function sendOverHttp(options: HttpSenderOptions, { what, path, write }: HttpRequest): Promise<{ readonly requestId?: string }> {
  const { productId, deviceName, url: base = tencentHttp.vendorUrl, tls, proxy, deadlineMs = DEADLINE_MS, signal, clock = systemClock } = options;
  const device = tencent.signIn.deviceOf({ productId, deviceName, certificate: true });
  const key = keyIn(options);
  const url = readApiUrl('url', base, path);
  const { headers, body } = write({ key, host: url.hostname, path: url.pathname }, { now: clock.now(), random: () => clock.random() }, device);
  const serverTime = new CloudTime(clock);
  const answer = tencentHttp.publish.readAnswer(await post({ url, headers, body, tls, proxy, clock, what: `The request of ${device} over HTTP`, deadlineMs, signal, serverTime }));
  if ('refusal' in answer) throw refusedBy(`${what} of ${device}`, answer.refusal, serverTime.aheadMs);
  return answer;
}

function keyIn({ deviceSecret, privateKey }: HttpSenderOptions): TencentHttpKey {
  if ((deviceSecret === undefined) === (privateKey === undefined)) throw new LianyunError('bad-config', 'Either deviceSecret or privateKey is expected: the one that the device has.');
  if (privateKey !== undefined) return { privateKey };
  if (typeof deviceSecret !== 'string' || deviceSecret === '') throw new LianyunError('bad-config', 'deviceSecret is no text; copy it from the device in the console.');
  return { secret: deviceSecret };
}
