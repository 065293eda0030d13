import { LianyunError } from 'lianyun';
import { signHuawei, signTencent, type AccessKey } from '@lianyun/platform';

/** What an API answered. */
export interface ApiAnswer {
  readonly status: number;
  // The two APIs answer JSON objects of many shapes; the tour checks the members that it needs.
  readonly body: { readonly [name: string]: unknown };
}

/** Calls both northbound APIs as an application would: signed, over HTTP. */
export class NorthClient {
  readonly #base: string;
  readonly #host: string;
  readonly #projectId: string;
  readonly #keys: { readonly huawei: AccessKey; readonly tencent: AccessKey };

  /** `url` is the origin of the APIs: scheme, host and port. */
  constructor({ url, projectId, keys }: { readonly url: string; readonly projectId: string; readonly keys: { readonly huawei: AccessKey; readonly tencent: AccessKey } }) {
    const { origin, host } = new URL(url);
    this.#base = origin;
    this.#host = host;
    this.#projectId = projectId;
    this.#keys = keys;
  }

  /** A call of IoTDA's v5 REST; `path` is what follows the project. */
  async huawei(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<ApiAnswer> {
    const url = `/v5/iot/${this.#projectId}${path}`;
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = signHuawei({ method, url, headers: { host: this.#host, 'content-type': 'application/json' }, body: Buffer.from(text) }, this.#keys.huawei, { at: Date.now() });
    return this.#fetch(url, { method, headers, ...(text === '' ? {} : { body: text }) });
  }

  /** An action of Cloud API 3.0; resolves with the member `Response`. */
  async tencent(action: string, parameters: object, version = '2019-04-23'): Promise<ApiAnswer> {
    const text = JSON.stringify(parameters);
    const headers = { host: this.#host, 'content-type': 'application/json', 'x-tc-action': action, 'x-tc-version': version, 'x-tc-region': 'ap-guangzhou' };
    const signed = signTencent({ method: 'POST', url: '/', headers, body: Buffer.from(text) }, this.#keys.tencent, { at: Date.now() });
    const { status, body } = await this.#fetch('/', { method: 'POST', headers: signed, body: text });
    // Cloud API 3.0 wraps every answer in Response.
    return { status, body: (body['Response'] ?? {}) as ApiAnswer['body'] };
  }

  /** Puts an object into the platform's object storage, as an application of Huawei's does before it makes a package of it. */
  async putObject(place: { readonly bucket: string; readonly key: string }, bytes: Buffer): Promise<void> {
    const url = `/objects/${place.bucket}/${place.key}`;
    const headers = signHuawei({ method: 'PUT', url, headers: { host: this.#host, 'x-sdk-content-sha256': 'UNSIGNED-PAYLOAD' }, body: Buffer.alloc(0) }, this.#keys.huawei, { at: Date.now() });
    await this.put(this.#base + url, bytes, headers);
  }

  /** Puts bytes where a URL says. */
  async put(url: string, bytes: Buffer, headers: Record<string, string> = {}): Promise<void> {
    const answer = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(bytes), signal: AbortSignal.timeout(30_000) });
    if (!answer.ok) throw new Error(`The object storage answered ${answer.status}: ${(await answer.text()).slice(0, 200)}`);
    await answer.arrayBuffer();
  }

  /** Rejects with `network` when nobody answers, and with `bad-response` when it is somebody else. */
  async #fetch(url: string, init: RequestInit): Promise<ApiAnswer> {
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(this.#base + url, { ...init, signal: AbortSignal.timeout(30_000) });
      text = await answer.text();
    } catch (cause) {
      throw new LianyunError('network', `${this.#base} gives no answer: ${whyOf(cause)}. Is the platform running, and is this where its APIs are?`, { cause });
    }
    const body = text === '' ? {} : readJson(text);
    if (typeof body !== 'object' || body === null) throw new LianyunError('bad-response', `What answers at ${this.#base} is no platform: HTTP ${answer.status} came, and no JSON object.`);
    return { status: answer.status, body: body as ApiAnswer['body'] };
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Why a request failed: fetch() itself says only that it did. */
function whyOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  // Where a name has several addresses there is a text for each, and none for all.
  return cause.message === '' && 'code' in cause ? String(cause.code) : cause.message;
}
