// An application on Tencent's own API client: what it says to the cloud, said to this platform. Needs tencent/properties.mjs or commands.mjs beside it.
//   npx node examples/tencent/application.mjs devices | data | set brightness 80 | blink 3 | history brightness | events | message 0a0b
import { CommonClient } from 'tencentcloud-sdk-nodejs-common';

const { LIANYUN_API: endpoint = 'http://127.0.0.1:8080', LIANYUN_SECRET_ID: secretId = 'EXAMPLE', LIANYUN_SECRET_KEY: secretKey = 'only-an-example' } = process.env;
const { LIANYUN_PRODUCT_ID: ProductId = 'LAMP000001', LIANYUN_DEVICE_NAME: DeviceName = 'lamp1' } = process.env;
const { protocol, host } = new URL(endpoint);
const client = new CommonClient(host, '2019-04-23', { credential: { secretId, secretKey }, region: 'ap-guangzhou', profile: { httpProfile: { endpoint: host, protocol: `${protocol}//` } } });

const [what = 'devices', ...rest] = process.argv.slice(2);
const value = (text) => (Number.isNaN(Number(text)) ? text : Number(text));
const lamp = { ProductId, DeviceName };
// Rejects with the client's exception: code, message, requestId.
const calls = {
  devices: () => client.request('GetDeviceList', { ProductId, Offset: 0, Limit: 100 }),
  data: () => client.request('DescribeDeviceData', lamp),
  set: () => client.request('ControlDeviceData', { ...lamp, Data: JSON.stringify({ [rest[0]]: value(rest[1]) }) }),
  blink: () => client.request('CallDeviceActionSync', { ...lamp, ActionId: 'blink', InputParams: JSON.stringify({ times: value(rest[0] ?? '3') }) }),
  history: () => client.request('DescribeDeviceDataHistory', { ...lamp, FieldName: rest[0] ?? 'brightness', MinTime: Date.now() - 86_400_000, MaxTime: Date.now() + 60_000, Limit: 100 }),
  events: () => client.request('ListEventHistory', { ...lamp, Size: 100 }),
  message: () => client.request('PublishMessage', { ...lamp, Topic: `$thing/down/raw/${ProductId}/${DeviceName}`, Payload: Buffer.from(rest[0] ?? '', 'hex').toString('base64'), PayloadEncoding: 'base64' }),
};

if (!Object.hasOwn(calls, what)) throw new Error(`There is no ${what}: ${Object.keys(calls).join(', ')} are there.`);
console.log(JSON.stringify(await calls[what](), null, 2));
