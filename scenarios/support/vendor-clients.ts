// The clouds' own API clients, unchanged, as an application uses them: the vendors' signatures, encodings and exceptions are the real ones.
// Neither vendor publishes the IoT service alone, so the operations' paths and actions are named by the tests; the service packages do no more.
import { BasicCredentials } from '@huaweicloud/huaweicloud-sdk-core';
import { HcClient } from '@huaweicloud/huaweicloud-sdk-core/HcClient.js';
import { DefaultHttpClient } from '@huaweicloud/huaweicloud-sdk-core/http/DefaultHttpClient.js';
import type { Logger, LogLevel } from '@huaweicloud/huaweicloud-sdk-core/logger/index.js';
import { CommonClient } from 'tencentcloud-sdk-nodejs-common';
import { SEED } from './clouds.ts';

const [HUAWEI_KEY] = SEED.huawei.accessKeys;
const [TENCENT_KEY] = SEED.tencent.accessKeys;

/** How the Huawei client is set up. */
export interface HuaweiOptions {
  readonly ak?: string;
  readonly sk?: string;
  readonly projectId?: string;
  /** Signs with a key derived for this region (V11-HMAC-SHA256), as the client does for hosts that are not the vendor's. */
  readonly derivedFor?: string;
  /** A path before `/v5/iot`. */
  readonly basePath?: string;
}

/** One request as a generated Huawei client makes it: the template of the path, and what stands in it. */
export interface HuaweiRequest {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: object;
}

/** A call: resolves with the answer's members, rejects with the client's own exception. */
export type HuaweiCall = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, request?: HuaweiRequest) => Promise<object>;

/** The client writes each failure to stdout; here its exception says the same. */
class Silence implements Logger {
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(): void {}
  setLevel(): void {}
  getLevel(): LogLevel {
    return 'error' as LogLevel; // an enum's only value with this text
  }
  setName(): void {}
}

/** Puts bytes where packages look for them, by the same client: signed with the access key, the body left out of the signature. */
export async function huaweiUpload(port: number, path: string, bytes: Buffer, { ak = HUAWEI_KEY.ak, sk = HUAWEI_KEY.sk }: Pick<HuaweiOptions, 'ak' | 'sk'> = {}): Promise<void> {
  const endpoint = `http://127.0.0.1:${port}`;
  const credential = new BasicCredentials({ ak, sk, projectId: SEED.huawei.projectId });
  const client = new HcClient(new DefaultHttpClient({ logger: new Silence() }, [endpoint])).withEndpoints([endpoint]).withCredential(credential);
  await client.sendRequest({ method: 'PUT', url: `/objects/${path}`, contentType: 'application/octet-stream', queryParams: {}, pathParams: {}, headers: { 'X-Sdk-Content-Sha256': 'UNSIGNED-PAYLOAD' }, data: bytes });
}

/** Huawei's client against a platform on this machine. `url` of a call is what follows `/v5/iot/{project_id}`. */
export function huaweiClient(port: number, { ak = HUAWEI_KEY.ak, sk = HUAWEI_KEY.sk, projectId = SEED.huawei.projectId, derivedFor, basePath = '' }: HuaweiOptions = {}): HuaweiCall {
  const endpoint = `http://127.0.0.1:${port}${basePath}`;
  const credential = new BasicCredentials({ ak, sk, projectId });
  if (derivedFor !== undefined) credential.withRegionId(derivedFor).withDerivedPredicate((request) => BasicCredentials.getDefaultDerivedPredicate(request)).processDerivedAuthParams('iotdm', derivedFor);
  const client = new HcClient(new DefaultHttpClient({ logger: new Silence() }, [endpoint])).withEndpoints([endpoint]).withCredential(credential);
  return (method, url, { path = {}, query = {}, body } = {}) =>
    client.sendRequest({
      method,
      url: `/v5/iot/{project_id}${url}`,
      contentType: 'application/json',
      queryParams: { ...query },
      pathParams: { project_id: projectId, ...path },
      headers: {},
      ...(body === undefined ? {} : { data: body }),
    });
}

/** How the Tencent client is set up. */
export interface TencentOptions {
  readonly secretId?: string;
  readonly secretKey?: string;
  readonly host?: '127.0.0.1' | 'localhost';
  readonly signMethod?: 'TC3-HMAC-SHA256' | 'HmacSHA1' | 'HmacSHA256';
  readonly reqMethod?: 'GET' | 'POST';
  readonly version?: string;
}

/** A call: resolves with `Response`, rejects with the client's own exception. */
export type TencentCall = (action: string, parameters?: object) => Promise<object>;

/** Tencent's client against a platform on this machine. */
export function tencentClient(port: number, { secretId = TENCENT_KEY.secretId, secretKey = TENCENT_KEY.secretKey, host = '127.0.0.1', signMethod = 'TC3-HMAC-SHA256', reqMethod = 'POST', version = '2019-04-23' }: TencentOptions = {}): TencentCall {
  const client = new CommonClient('iotexplorer.tencentcloudapi.com', version, {
    credential: { secretId, secretKey },
    region: 'ap-guangzhou',
    profile: { signMethod, httpProfile: { endpoint: `${host}:${port}`, protocol: 'http://', reqMethod } },
  });
  // Its own type says any.
  return (action, parameters = {}) => client.request(action, parameters) as Promise<object>;
}
