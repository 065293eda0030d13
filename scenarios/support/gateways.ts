// A gateway and its lamps on both clouds: on Huawei the gateway has them created, on Tencent it binds those that exist.
import { Device, huawei, tencent, type DeviceEvent, type DeviceMessage, type JsonObject, type NewChild } from 'lianyun';
import { expect } from 'vitest';
import { SEED, type AnyDevice, type CloudName, type Options } from './clouds.ts';
import type { ApiAnswer, Rig } from './rig.ts';

const [HUAWEI_LAMP] = SEED.huawei.products;
const [TENCENT_LAMP] = SEED.tencent.products;
const PSK = 'Z2F0ZXdheS1zZWNyZXQ=';
const pskOf = (lamp: number): string => Buffer.from(`secret-of-lamp-${lamp}`).toString('base64');

/** A platform with a gateway and, on Tencent, this many lamps for it. */
export const gatewaySeed = (lamps: number): string =>
  JSON.stringify({
    huawei: {
      ...SEED.huawei,
      products: [HUAWEI_LAMP, { product_id: 'gate', name: 'gate' }],
      devices: [
        { device_id: 'gate_1', product_id: 'gate', node_id: '1', secret: 'secret-of-gate-1' },
        { device_id: 'gate_2', product_id: 'gate', node_id: '2', secret: 'secret-of-gate-2' },
        { device_id: 'lamp_alone', product_id: 'lamp', node_id: 'alone', secret: 'secret-of-lamp' },
      ],
    },
    tencent: {
      ...SEED.tencent,
      products: [TENCENT_LAMP, { ProductId: 'GATE000001', ProductName: 'gate', ProductType: 5 }],
      devices: [
        { ProductId: 'GATE000001', DeviceName: 'gate1', DevicePsk: PSK },
        { ProductId: 'GATE000001', DeviceName: 'gate2', DevicePsk: PSK },
        ...Array.from({ length: lamps }, (_, lamp) => ({ ProductId: 'LAMP000001', DeviceName: `sub${lamp}`, DevicePsk: pskOf(lamp) })),
      ],
    },
  });

/** One cloud, as the tests of gateways see it. */
export interface GatewayCloud {
  readonly name: CloudName;
  /** The gateway on our SDK. */
  gateway(server: string, options?: Options, which?: 1 | 2): AnyDevice;
  readonly gatewayRef: string;
  lamp(lamp: number): string;
  newLamp(lamp: number): NewChild;
  /** A lamp that cannot be added, and what is said of it. */
  readonly impossible: { readonly child: NewChild; readonly result: object };
  group(values: JsonObject): { readonly service?: string; readonly values: JsonObject };
  blink(rig: Rig, lamp: number, times: number): Promise<ApiAnswer>;
  /** What `blink` answers when the lamp says how often it blinked. */
  blinked(times: number): object;
  set(rig: Rig, lamp: number, values: JsonObject): Promise<ApiAnswer>;
  /** What `blink` answers when the gateway is not there. */
  readonly unreachable: object;
  /** A message without a model to a lamp, as the cloud's API sends it. */
  post(rig: Rig, lamp: number, text: string): Promise<ApiAnswer>;
  /** What `post` answers when the lamp has it. */
  readonly posted: object;
  /** A message of the SDK with that text. */
  message(text: string): DeviceMessage;
  event(hours: number): DeviceEvent;
  /** Through the API: puts a lamp under the gateway, and takes it away. */
  addLamp(rig: Rig, lamp: number): Promise<ApiAnswer>;
  removeLamp(rig: Rig, lamp: number): Promise<ApiAnswer>;
}

export const HUAWEI_GATEWAY: GatewayCloud = {
  name: 'huawei',
  gateway: (server, options, which = 1) => new Device({ dialect: huawei, server, identity: { deviceId: `gate_${which}`, secret: `secret-of-gate-${which}` }, ...options }),
  gatewayRef: 'gate_1',
  lamp: (lamp) => `lamp_sub${lamp}`,
  newLamp: (lamp) => ({ product: 'lamp', node: `sub${lamp}` }),
  impossible: { child: { product: 'no-such-product', node: 'x' }, result: { product: 'no-such-product', node: 'x', code: -1, error: 'IOTDA.000006', text: expect.stringContaining('no-such-product') as unknown } },
  group: (values) => ({ service: 'light', values }),
  blink: (rig, lamp, times) => rig.huawei('POST', `/devices/lamp_sub${lamp}/commands`, { service_id: 'light', command_name: 'blink', paras: { times } }),
  blinked: (times) => ({ status: 200, body: { response: { result_code: 0, paras: { blinked: times } } } }),
  set: (rig, lamp, values) => rig.huawei('PUT', `/devices/lamp_sub${lamp}/properties`, { services: [{ service_id: 'light', properties: values }] }),
  unreachable: { status: 400, body: { error_code: 'IOTDA.014028' } },
  post: (rig, lamp, text) => rig.huawei('POST', `/devices/lamp_sub${lamp}/messages`, { message: text }),
  posted: { status: 201, body: { result: { status: 'DELIVERED' } } },
  message: (text) => ({ content: text }),
  event: (hours) => ({ service: 'light', name: 'burnt', params: { hours } }),
  addLamp: (rig, lamp) => rig.huawei('POST', '/devices', { product_id: 'lamp', node_id: `sub${lamp}`, gateway_id: 'gate_1' }),
  removeLamp: (rig, lamp) => rig.huawei('DELETE', `/devices/lamp_sub${lamp}`),
};

const bindOf = (lamp: number) => ({ GatewayProductId: 'GATE000001', GatewayDeviceName: 'gate1', ProductId: 'LAMP000001', DeviceNames: [`sub${lamp}`] });

export const TENCENT_GATEWAY: GatewayCloud = {
  name: 'tencent',
  gateway: (server, options, which = 1) => new Device({ dialect: tencent, server, identity: { productId: 'GATE000001', deviceName: `gate${which}`, deviceSecret: PSK }, ...options }),
  gatewayRef: 'GATE000001/gate1',
  lamp: (lamp) => `LAMP000001/sub${lamp}`,
  newLamp: (lamp) => ({ device: `LAMP000001/sub${lamp}`, secret: pskOf(lamp) }),
  impossible: { child: { device: 'LAMP000001/sub0', secret: 'not-its-own' }, result: { device: 'LAMP000001/sub0', code: 803, text: 'the signature is wrong' } },
  group: (values) => ({ values }),
  blink: (rig, lamp, times) => rig.tencent('CallDeviceActionSync', { ProductId: 'LAMP000001', DeviceName: `sub${lamp}`, ActionId: 'blink', InputParams: JSON.stringify({ times }) }),
  blinked: (times) => ({ status: 200, body: { OutputParams: JSON.stringify({ blinked: times }) } }),
  set: (rig, lamp, values) => rig.tencent('ControlDeviceData', { ProductId: 'LAMP000001', DeviceName: `sub${lamp}`, Data: JSON.stringify(values) }),
  unreachable: { status: 200, body: { Error: { Code: 'FailedOperation.DeviceOffline' } } },
  post: (rig, lamp, text) => rig.tencent('PublishMessage', { ProductId: 'LAMP000001', DeviceName: `sub${lamp}`, Topic: `$thing/down/raw/LAMP000001/sub${lamp}`, Payload: text }),
  posted: { status: 200, body: { RequestId: expect.any(String) as unknown } },
  message: (text) => ({ bytes: Buffer.from(text) }),
  event: (hours) => ({ name: 'burnt', severity: 'fault', params: { hours } }),
  addLamp: (rig, lamp) => rig.tencent('BindDevices', bindOf(lamp)),
  removeLamp: (rig, lamp) => rig.tencent('UnbindDevices', bindOf(lamp)),
};

export const GATEWAYS: readonly GatewayCloud[] = [HUAWEI_GATEWAY, TENCENT_GATEWAY];

/** The gateway, online, with its first lamps added and online. */
export async function onlineGateway(rig: Rig, cloud: GatewayCloud, lamps: number): Promise<AnyDevice> {
  const gateway = rig.own(cloud.gateway(rig.server, rig.options));
  await gateway.connect();
  const all = Array.from({ length: lamps }, (_, lamp) => lamp);
  const added = await gateway.gateway.add(all.map((lamp) => cloud.newLamp(lamp)));
  const online = await gateway.gateway.online(all.map((lamp) => cloud.lamp(lamp)));
  for (const { code, device, text } of [...added, ...online]) if (code !== 0) throw new Error(`${device}: ${code} ${text}`);
  return gateway;
}
