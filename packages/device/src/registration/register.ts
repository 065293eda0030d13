import { createPrivateKey, X509Certificate } from 'node:crypto';
import { LianyunError, systemClock, tencent, tencentHttp, type Clock, type RegistrationAnswer, type RegistrationForm, type TencentCredential, type TencentIdentity, type TencentRefusal } from '@lianyun/protocol';
import { CloudTime, skewText } from '../cloud-time.ts';
import { post, readApiUrl } from '../http/post.ts';
import type { TlsOptions } from '../net/tls-options.ts';
import { readCredential, writeCredential } from './credential-file.ts';

/** How a device registers itself. Only the first three are needed. */
export interface RegistrationOptions {
  readonly productId: string;
  readonly deviceName: string;
  /** The secret of the product, from the console; all devices of the product have the same. */
  readonly productSecret: string;
  /**
   * Where: `https://HOST[:PORT]`, or a URL with a path of its own. Left out: the vendor's host in China. Over `http` the answer is encrypted with the product's secret
   * all the same.
   */
  readonly url?: string;
  /** `legacy`: the older API of IoT Explorer. Left out: that of the current SDKs. */
  readonly form?: RegistrationForm;
  /** Hash of the signature in the current form; `hmacsha256` when left out. */
  readonly algorithm?: 'hmacsha256' | 'hmacsha1';
  /**
   * Keeps what the device got, in JSON: written whole or not at all, readable by its owner only (mode 0600). When the file is there, its credential is given back and
   * nothing is asked for. Its directory must be there.
   */
  readonly file?: string;
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

/** What a device that is registered connects with: `identity` and `tls` are options of `Device`. */
export interface RegisteredDevice {
  readonly identity: TencentIdentity;
  /** Certificate and key, PEM, of a device that has no secret. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Whether the device came to be by this registration; left out when the cloud did not say, or the file was there. */
  readonly isNew?: boolean;
}

/** How long a registration may take unless the program says otherwise, ms. */
const DEADLINE_MS = 10_000;

const MEMBERS: Readonly<Record<keyof RegistrationOptions, true>> = { productId: true, deviceName: true, productSecret: true, url: true, form: true, algorithm: true, file: true, tls: true, proxy: true, deadlineMs: true, signal: true, clock: true };

/**
 * Registers a Tencent device with the secret of its product, and gets its own secret or certificate for it (reference 4). A device that has been online once is refused by
 * the cloud: keep what it got in a `file`. A device that lost power between answer and file may register again.
 *
 * Rejects with `bad-config` (an option is wrong), `refused` (the cloud says no; `cause` is its code and text), `clock-skew` (it says no because this machine's clock is wrong), `bad-response` (what came is no credential: it was cut short or
 * changed, or the product secret is another), `untrusted-server`, `network`, `timeout`, `aborted`, `disk-full`, `disk-failed`. No message, and nothing that is logged, has a secret.
 */
export async function registerDevice(options: RegistrationOptions): Promise<RegisteredDevice> {
  const { productId, deviceName, file } = checked(options);
  const owner = { productId, deviceName };
  const kept = file === undefined ? undefined : await readCredential(file, owner);
  if (kept !== undefined) return registered(owner, kept);
  const { credential, isNew } = await requestCredential(options);
  if ('certificate' in credential) checkCertificate(credential);
  if (file !== undefined) await writeCredential(file, owner, credential);
  return { ...registered(owner, credential), ...(isNew === undefined ? {} : { isNew }) };
}

/** Asks for a credential as {@link registerDevice} does, and keeps it nowhere; certificates are given as they came. */
export async function requestCredential(options: RegistrationOptions): Promise<Extract<RegistrationAnswer, { credential: unknown }>> {
  const { productId, deviceName, productSecret, url: base = tencentHttp.vendorUrl, form = 'current', algorithm = 'hmacsha256', tls, proxy, deadlineMs = DEADLINE_MS, signal, clock = systemClock } = checked(options);
  const url = readApiUrl('url', base, tencentHttp.registration.paths[form]);
  const context = { now: clock.now(), random: () => clock.random() };
  const { headers, body } = tencentHttp.registration.write({ productId, deviceName, productSecret }, { form, host: url.hostname, path: url.pathname, algorithm }, context);
  const device = `${productId}/${deviceName}`;
  const serverTime = new CloudTime(clock);
  const text = await post({ url, headers, body, tls, proxy, clock, what: `The registration of ${device}`, deadlineMs, signal, serverTime });
  const answer = tencentHttp.registration.readAnswer(text, productSecret);
  if ('refusal' in answer) throw refusedBy(`the registration of ${device}`, answer.refusal, serverTime.aheadMs);
  return answer;
}

/** How long what is signed for a request is good, ms (reference 10.3). */
const REQUEST_MS = 300_000;

/** What the cloud refused, with its own code and text as the cause: `refused`, or `clock-skew` where that is why. `aheadMs`: what its clock is ahead of this machine's. */
export function refusedBy(what: string, refusal: TencentRefusal, aheadMs: number): LianyunError {
  const said = `${refusal.text === '' ? 'no text' : refusal.text} (${refusal.code === '' ? 'no code' : refusal.code})`;
  // The older API has the names of codes in its texts.
  const isOfTime = Math.abs(aheadMs) > REQUEST_MS && [refusal.code, refusal.text].some((each) => each.startsWith('AuthFailure'));
  if (isOfTime) return new LianyunError('clock-skew', `The cloud refused ${what}: ${skewText(aheadMs)}, and a request is good for five: ${said}.`, { cause: refusal });
  return new LianyunError('refused', `The cloud refused ${what}: ${said}.`, { cause: refusal });
}

/** Types say most of it; a program in JavaScript can pass anything. */
function checked(options: RegistrationOptions): RegistrationOptions {
  const bad = (text: string): LianyunError => new LianyunError('bad-config', text);
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) throw bad('A registration needs options: { productId, deviceName, productSecret }.');
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(MEMBERS, name));
  if (unknown !== undefined) throw bad(`${unknown} is no option of a registration; the options are ${Object.keys(MEMBERS).join(', ')}.`);
  const { productId, deviceName, productSecret, form, algorithm, file }: Readonly<Record<string, unknown>> = { ...options };
  // Says what is wrong with the names.
  tencent.signIn.deviceOf({ productId: productId as string, deviceName: deviceName as string, certificate: true });
  if (typeof productSecret !== 'string') throw bad('productSecret is missing; copy it from the product in the console.');
  if (form !== undefined && form !== 'current' && form !== 'legacy') throw bad('form is wrong: current or legacy is expected.');
  if (algorithm !== undefined && algorithm !== 'hmacsha256' && algorithm !== 'hmacsha1') throw bad('algorithm is wrong: hmacsha256 or hmacsha1 is expected.');
  if (file !== undefined && (typeof file !== 'string' || file === '' || file.includes('\0'))) throw bad('file is wrong: the path of a file is expected.');
  return options;
}

function registered({ productId, deviceName }: { readonly productId: string; readonly deviceName: string }, credential: TencentCredential): RegisteredDevice {
  if ('deviceSecret' in credential) return { identity: { productId, deviceName, deviceSecret: credential.deviceSecret } };
  return { identity: { productId, deviceName, certificate: true }, tls: { cert: credential.certificate, key: credential.privateKey } };
}

/** What cannot be used must not be kept. */
function checkCertificate({ certificate, privateKey }: Extract<TencentCredential, { certificate: string }>): void {
  let fits: boolean;
  try {
    fits = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey));
  } catch {
    // The cause could carry the key.
    throw new LianyunError('bad-response', 'The credential in the answer cannot be used: its certificate or its private key is none in PEM form.', { path: '$.clientCert' });
  }
  if (!fits) throw new LianyunError('bad-response', 'The credential in the answer cannot be used: its private key is not that of its certificate.', { path: '$.clientKey' });
}
