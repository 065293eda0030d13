// Who the recorded Tencent device and its sub-devices were, as a scenario shows it.
import { injectionsOf, type Case } from '../transcript.ts';
import { as, publishesOf, type Members, type Pair } from './scene.ts';

/** Where a scenario shows nothing. */
const DEVICE = { productId: 'GOLDPROD01', deviceName: 'dev001', secret: Buffer.from('device-secret-16').toString('base64'), productSecret: 'ProductSecret0123456789' } as const;
const CHILD: Pair = ['SUBPROD001', 'subdev1'];
/** Digits of a product id. */
const PRODUCT_ID_LENGTH = 10;

interface Connect {
  readonly clientId: string;
  readonly clientCertSubject?: unknown;
}

const connectsOf = ({ connect }: Case): Connect[] => [connect ?? []].flat() as Connect[];
const dialsOf = ({ dial }: Case): { readonly host: string; readonly port: number }[] => as(dial ?? []);
const deviceFileOf = (recorded: Case): Members | undefined => as(recorded['device_info.json'] ?? undefined);
const bodiesOf = ({ http }: Case): string[] => (Array.isArray(http) ? (http as { body?: unknown }[]).map(({ body }) => String(body)) : []);

const topicsOf = (recorded: Case): string[] =>
  [...publishesOf(recorded), ...((recorded['subscribes'] ?? []) as { topic: unknown }[]), ...injectionsOf(recorded)].flatMap(({ topic }) => (typeof topic === 'string' ? topic : []));

/** The device in the topic of a service: `$thing/up/property/PRODUCT/DEVICE`, `$rrpc/rxd/PRODUCT/DEVICE/ID`. */
function pairIn(topic: string): Pair | undefined {
  const [, productId, deviceName] = /^\$(?:thing|template)\/(?:up|down)\/\w+\/([^/]+)\/([^/]+)$/.exec(topic)
    ?? /^\$(?:gateway|shadow|sys)\/operation\/(?:result\/)?([^/]+)\/([^/]+)$/.exec(topic)
    ?? /^\$(?:ota|resource)\/.*?\/([^/]+)\/([^/]+)$/.exec(topic)
    ?? /^\$(?:broadcast|rrpc)\/[rt]xd\/([^/]+)\/([^/]+)/.exec(topic)
    ?? [];
  return productId === undefined || deviceName === undefined ? undefined : [productId, deviceName];
}

/** The devices that a case's topics name. */
export const pairsIn = (recorded: Case): Pair[] => topicsOf(recorded).map(pairIn).filter((pair) => pair !== undefined);

/** The device of a scenario. What it signed in as has product id and name in one text; topics, names of hosts, files and requests tell where the one ends. */
export function ownIn(cases: readonly Case[]): Pair {
  for (const file of cases.map(deviceFileOf)) if (typeof file?.['productId'] === 'string' && typeof file['deviceName'] === 'string') return [file['productId'], file['deviceName']];
  for (const { api, returns } of cases) if (api === 'getConnectState' && Array.isArray(returns) && typeof returns[2] === 'string') return [returns[2], String(returns[3])];
  for (const body of cases.flatMap(bodiesOf)) {
    const [, productId, deviceName] = /"ProductId":\s*"([^"]*)",\s*"DeviceName":\s*"([^"]*)"/.exec(body) ?? [];
    if (productId !== undefined && deviceName !== undefined) return [productId, deviceName];
  }
  const id = cases.flatMap(connectsOf)[0]?.clientId;
  return id === undefined ? ownWithoutConnect(cases) : splitIn(cases, id);
}

function splitIn(cases: readonly Case[], clientId: string): Pair {
  for (const topic of cases.flatMap(topicsOf)) {
    const levels = topic.split('/');
    const at = levels.findIndex((level, index) => level !== '' && index + 1 < levels.length && level + (levels[index + 1] ?? '') === clientId);
    if (at >= 0) return [levels[at] ?? '', levels[at + 1] ?? ''];
  }
  const label = cases.flatMap(productInHost).find((each) => clientId.toLowerCase().startsWith(each.toLowerCase()));
  const length = label?.length ?? Math.max(1, Math.min(PRODUCT_ID_LENGTH, clientId.length - 1));
  return [clientId.slice(0, length), clientId.slice(length)];
}

function ownWithoutConnect(cases: readonly Case[]): Pair {
  const counts = new Map<string, { readonly pair: Pair; count: number }>();
  for (const pair of cases.flatMap(pairsIn)) {
    const known = counts.get(pair.join('/'));
    if (known === undefined) counts.set(pair.join('/'), { pair, count: 1 });
    else known.count++;
  }
  const [most] = [...counts.values()].sort((one, other) => other.count - one.count);
  return most?.pair ?? [cases.flatMap(productInHost)[0] ?? DEVICE.productId, DEVICE.deviceName];
}

/** The vendor's own hosts of a device begin with its product id. */
const productInHost = (recorded: Case): string[] => dialsOf(recorded).flatMap(({ host }) => /^([^.]+)\.(?:[\w-]+\.)?(?:iotcloud|iothub)\.tencentdevices\.com$/i.exec(host)?.[1] ?? []);

/** The sub-devices of a scenario, the first one first: those of its file, else those that calls and messages name. */
export function childrenIn(cases: readonly Case[], own: Pair): readonly Pair[] {
  const listed = cases.find(({ api, returns }) => api === 'gatewaySubdevGetConfigList' && Array.isArray(returns));
  const inFile = cases.map(deviceFileOf).find((file) => file?.['subDev'] !== undefined)?.['subDev'] as { readonly subdev_list?: { sub_productId: string; sub_devName: string }[] } | undefined;
  if (listed !== undefined) return (listed['returns'] as Device[]).map(({ product_id, device_name }) => [product_id, device_name]);
  if (inFile?.subdev_list !== undefined && inFile.subdev_list.length > 0) return inFile.subdev_list.map(({ sub_productId, sub_devName }) => [sub_productId, sub_devName]);
  const named = cases.flatMap((each) => [...inMessages(each), ...inCall(each), ...pairsIn(each)]);
  const others = [...new Map(named.map((pair) => [pair.join('/'), pair])).values()].filter((pair) => pair.join('/') !== own.join('/') && pair[0] !== '' && pair[1] !== '');
  return others.length > 0 ? others : [CHILD, [CHILD[0], 'subdev2']];
}

interface Device {
  readonly product_id: string;
  readonly device_name: string;
}

function inMessages(recorded: Case): Pair[] {
  const bodies = [...publishesOf(recorded), ...injectionsOf(recorded)].map(({ payload }) => payload as { readonly payload?: { readonly devices?: readonly Device[] } } | null);
  const devices = bodies.flatMap((body) => (Array.isArray(body?.payload?.devices) ? (body.payload.devices as readonly Device[]) : []));
  return devices.flatMap(({ product_id, device_name }): Pair[] => (typeof product_id === 'string' && typeof device_name === 'string' ? [[product_id, device_name]] : []));
}

const inCall = ({ call: { productId, deviceName } }: Case): Pair[] => (typeof productId === 'string' && typeof deviceName === 'string' ? [[productId, deviceName]] : []);

/** Whether the device of a scenario proves itself by certificate: it sent one, signed with its key, or looked at the server's name, which the vendor's SDK does with a certificate only. */
export const isByCertificate = (cases: readonly Case[]): boolean =>
  cases.some((each) => {
    const { call, http, logs } = each;
    if (call['auth_mode'] === 'CERT' || deviceFileOf(each)?.['auth_mode'] === 'CERT') return true;
    if (connectsOf(each).some(({ clientCertSubject }) => clientCertSubject !== null && clientCertSubject !== undefined)) return true;
    return /rsa-sha/i.test(JSON.stringify(http ?? '')) || JSON.stringify(logs ?? '').includes('CERTIFICATE_VERIFY_FAILED');
  });

/** How the program of a scenario was to connect: as the call says, and where it does not, as it then dialled. */
export function connectionIn(recorded: Case | undefined): Members {
  if (recorded === undefined) return {};
  const [first] = dialsOf(recorded);
  if (first === undefined) return recorded.call;
  const isVendors = /\.tencentdevices\.com$/i.test(first.host);
  return { tls: first.port === 8883 || first.port === 443, useWebsocket: first.port === 80 || first.port === 443, ...(isVendors ? {} : { domain: first.host }), ...recorded.call };
}

/** The device file of a scenario's program; `place` makes the place of a file of the throw-away authority. */
export function deviceFileIn(cases: readonly Case[], place: (name: string) => string): Members {
  const [productId, deviceName] = ownIn(cases);
  const children = childrenIn(cases, [productId, deviceName]);
  const isCertificate = isByCertificate(cases);
  const shown = cases.map(deviceFileOf).find((file) => file !== undefined);
  // A registration that succeeded put another secret in the place of the first one.
  const kept = cases.find((each) => deviceFileOf(each) !== undefined && (each['returns'] as unknown[] | null)?.[0] !== 0);
  const secret = kept === undefined ? undefined : (deviceFileOf(kept)?.['key_deviceinfo'] as { readonly deviceSecret?: unknown } | undefined)?.deviceSecret;
  return {
    subDev: { subdev_num: children.length, subdev_list: children.map(([sub_productId, sub_devName]) => ({ sub_productId, sub_devName })) },
    region: 'china',
    productSecret: DEVICE.productSecret,
    cert_deviceinfo: { devCaFile: 'YOUR_CA_FILE_NAME', devCertFile: 'YOUR_DEVICE_CERT_FILE_NAME', devPrivateKeyFile: 'YOUR_DEVICE_PRIVATE_KEY_FILE_NAME' },
    ...shown,
    auth_mode: isCertificate ? 'CERT' : 'KEY',
    productId,
    deviceName,
    key_deviceinfo: { deviceSecret: secret ?? DEVICE.secret },
    ...(isCertificate ? { cert_deviceinfo: { devCaFile: place('ca.pem'), devCertFile: place('client.pem'), devPrivateKeyFile: place('client.key') } } : {}),
  };
}
