// An application on Huawei's own API client: what it says to the cloud, said to this platform. Needs huawei/properties.mjs or commands.mjs beside it.
//   npx node examples/huawei/application.mjs devices | shadow | get | set brightness 80 | blink 3 | message hello
import { BasicCredentials } from '@huaweicloud/huaweicloud-sdk-core';
import { ClientBuilder } from '@huaweicloud/huaweicloud-sdk-core/ClientBuilder.js';

const { LIANYUN_API: endpoint = 'http://127.0.0.1:8080', LIANYUN_AK: ak = 'EXAMPLE', LIANYUN_SK: sk = 'only-an-example', LIANYUN_PROJECT: projectId = 'example', LIANYUN_DEVICE_ID: device = 'lamp_1' } = process.env;
const client = new ClientBuilder((http) => http).withEndpoint(endpoint).withCredential(new BasicCredentials({ ak, sk, projectId })).withOptions({ customUserAgent: 'lianyun-example' }).build();

/** One call; `url` is what follows the project. Rejects with ClientRequestException: httpStatusCode, errorCode, errorMsg, requestId. */
const call = (method, url, { query = {}, data } = {}) =>
  client.sendRequest({ method, url: `/v5/iot/{project_id}${url}`, contentType: 'application/json', pathParams: { project_id: projectId }, queryParams: query, headers: {}, ...(data && { data }) });

const [what = 'devices', ...rest] = process.argv.slice(2);
const value = (text) => (Number.isNaN(Number(text)) ? text : Number(text));
const calls = {
  devices: () => call('GET', '/devices', { query: { limit: 50 } }),
  shadow: () => call('GET', `/devices/${device}/shadow`),
  get: () => call('GET', `/devices/${device}/properties`, { query: { service_id: 'light' } }),
  set: () => call('PUT', `/devices/${device}/properties`, { data: { services: [{ service_id: 'light', properties: { [rest[0]]: value(rest[1]) } }] } }),
  blink: () => call('POST', `/devices/${device}/commands`, { data: { service_id: 'light', command_name: 'blink', paras: { times: value(rest[0] ?? '3') } } }),
  message: () => call('POST', `/devices/${device}/messages`, { data: { name: 'note', message: rest.join(' ') } }),
};

if (!Object.hasOwn(calls, what)) throw new Error(`There is no ${what}: ${Object.keys(calls).join(', ')} are there.`);
console.log(JSON.stringify(await calls[what](), null, 2));
