// Both clouds in the words of the tests: one product, the lamp, and two devices of it on each.
import { Device, huawei, tencent, type DeviceOptions, type JsonObject, type PropertyGroup } from 'lianyun';
import { huaweiCredentials, tencentCredentials, type Credentials } from './credentials.ts';

export type CloudName = 'huawei' | 'tencent';

/** A device of either cloud, as far as both can do the same. */
export type AnyDevice = Device<typeof huawei> | Device<typeof tencent>;

/** The options that tests change. */
export type Options = Partial<Omit<DeviceOptions<typeof huawei>, 'dialect' | 'identity'>>;

/** Which of the lamps. */
export type Lamp = 1 | 2;

export const SEED = {
  huawei: {
    projectId: 'p1',
    accessKeys: [{ ak: 'AKHUAWEI', sk: 'sk-huawei' }],
    products: [
      {
        product_id: 'lamp',
        name: 'lamp',
        service_capabilities: [
          {
            service_id: 'light',
            properties: [
              { property_name: 'level', data_type: 'int', min: '0', max: '100', method: 'RW' },
              { property_name: 'label', data_type: 'string', max_length: 64, method: 'RW' },
            ],
            commands: [{ command_name: 'blink', paras: [{ para_name: 'times', data_type: 'int', min: '1', max: '10' }] }],
            events: [{ event_type: 'burnt', paras: [{ para_name: 'hours', data_type: 'int', required: true, min: '0', max: '100000' }] }],
          },
        ],
      },
    ],
    devices: [
      { device_id: 'lamp_1', product_id: 'lamp', node_id: '1', secret: 'secret-of-lamp-1' },
      { device_id: 'lamp_2', product_id: 'lamp', node_id: '2', secret: 'secret-of-lamp-2' },
    ],
  },
  tencent: {
    accessKeys: [{ secretId: 'IDTENCENT', secretKey: 'key-tencent' }],
    products: [
      {
        ProductId: 'LAMP000001',
        ProductName: 'lamp',
        template: {
          version: '1.0',
          properties: [
            { id: 'level', name: 'Level', mode: 'rw', define: { type: 'int', min: '0', max: '100', start: '0', step: '1', unit: '%' } },
            { id: 'label', name: 'Label', mode: 'rw', define: { type: 'string', min: '0', max: '64' } },
          ],
          events: [{ id: 'burnt', name: 'Burnt', type: 'fault', params: [{ id: 'hours', name: 'Hours', define: { type: 'int', min: '0', max: '100000', start: '0', step: '1', unit: 'h' } }] }],
          actions: [
            {
              id: 'blink',
              name: 'Blink',
              input: [{ id: 'times', name: 'Times', define: { type: 'int', min: '1', max: '10', start: '1', step: '1', unit: '' } }],
              output: [{ id: 'blinked', name: 'Blinked', define: { type: 'int', min: '0', max: '100000', start: '0', step: '1', unit: '' } }],
            },
          ],
        },
      },
    ],
    devices: [
      { ProductId: 'LAMP000001', DeviceName: 'lamp1', DevicePsk: 'c2VjcmV0LW9mLWxhbXAtMQ==' },
      { ProductId: 'LAMP000001', DeviceName: 'lamp2', DevicePsk: 'c2VjcmV0LW9mLWxhbXAtMg==' },
    ],
  },
} as const;

/** One cloud, as the tests that hold for both see it. */
export interface Cloud {
  readonly name: CloudName;
  /** What the cloud's documents say (huawei 1.2, tencent 0.2). */
  readonly payloadBytes: number;
  /** The name of a lamp within its cloud. */
  ref(lamp: Lamp): string;
  /** A lamp on our SDK. */
  device(lamp: Lamp, server: string, options?: Options): AnyDevice;
  /** The same with another secret. */
  impostor(lamp: Lamp, server: string, options?: Options): AnyDevice;
  /** A device that the platform has never heard of. */
  stranger(server: string): AnyDevice;
  /** What a foreign program signs in with. */
  credentials(lamp: Lamp, given?: { readonly secret?: string; readonly at?: number }): Credentials;
  /** Values as our SDK reports them. */
  group(values: JsonObject): PropertyGroup;
  readonly topics: {
    report(lamp: Lamp): string;
    set(lamp: Lamp): string;
    command(lamp: Lamp): string;
    /** All that the platform sends to a lamp. */
    everything(lamp: Lamp): string;
    /** The same of every lamp there is. */
    readonly everybodys: string;
    /** Beside the protocol; publish and subscribe. */
    custom(lamp: Lamp): string;
  };
  /** A report as a foreign program writes it. */
  reportText(values: object): string;
  /** A report whose values are no object, and the path of the fault. */
  readonly wrongReport: { readonly text: string; readonly path: string };
  /** A downlink with a body of a wrong type, and the path of the fault. */
  readonly wrongSet: { readonly text: string; readonly path: string };
}

const [HUAWEI_1, HUAWEI_2] = SEED.huawei.devices;
const [TENCENT_1, TENCENT_2] = SEED.tencent.devices;
const onHuawei = (lamp: Lamp) => (lamp === 1 ? HUAWEI_1 : HUAWEI_2);
const onTencent = (lamp: Lamp) => (lamp === 1 ? TENCENT_1 : TENCENT_2);
const sys = (lamp: Lamp) => `$oc/devices/lamp_${lamp}/sys`;

export const HUAWEI: Cloud = {
  name: 'huawei',
  payloadBytes: 1024 * 1024,
  ref: (lamp) => `lamp_${lamp}`,
  device: (lamp, server, options) => new Device({ dialect: huawei, server, identity: { deviceId: onHuawei(lamp).device_id, secret: onHuawei(lamp).secret }, ...options }),
  impostor: (lamp, server, options) => new Device({ dialect: huawei, server, identity: { deviceId: onHuawei(lamp).device_id, secret: 'not-its-secret' }, ...options }),
  stranger: (server) => new Device({ dialect: huawei, server, identity: { deviceId: 'lamp_99', secret: 'secret-of-lamp-1' } }),
  credentials: (lamp, { secret, at } = {}) => huaweiCredentials(onHuawei(lamp).device_id, secret ?? onHuawei(lamp).secret, at === undefined ? {} : { at }),
  group: (values) => ({ service: 'light', values }),
  topics: {
    report: (lamp) => `${sys(lamp)}/properties/report`,
    set: (lamp) => `${sys(lamp)}/properties/set/request_id=7`,
    command: (lamp) => `${sys(lamp)}/commands/request_id=7`,
    everything: (lamp) => `${sys(lamp)}/commands/#`,
    everybodys: '$oc/devices/+/sys/commands/#',
    custom: (lamp) => `$oc/devices/lamp_${lamp}/user/note`,
  },
  reportText: (values) => JSON.stringify({ services: [{ service_id: 'light', properties: values }] }),
  wrongReport: { text: '{"services":[{"service_id":"light","properties":7}]}', path: '$.services[0].properties' },
  wrongSet: { text: '{"services":[{"service_id":7,"properties":{}}]}', path: '$.services[0].service_id' },
};

export const TENCENT: Cloud = {
  name: 'tencent',
  payloadBytes: 64 * 1024,
  ref: (lamp) => `LAMP000001/lamp${lamp}`,
  device: (lamp, server, options) =>
    new Device({ dialect: tencent, server, identity: { productId: onTencent(lamp).ProductId, deviceName: onTencent(lamp).DeviceName, deviceSecret: onTencent(lamp).DevicePsk }, ...options }),
  impostor: (lamp, server, options) =>
    new Device({ dialect: tencent, server, identity: { productId: onTencent(lamp).ProductId, deviceName: onTencent(lamp).DeviceName, deviceSecret: 'bm90LWl0cy1zZWNyZXQ=' }, ...options }),
  stranger: (server) => new Device({ dialect: tencent, server, identity: { productId: 'LAMP000001', deviceName: 'lamp99', deviceSecret: TENCENT_1.DevicePsk } }),
  credentials: (lamp, { secret, at } = {}) =>
    tencentCredentials(onTencent(lamp).ProductId, onTencent(lamp).DeviceName, { psk: secret ?? onTencent(lamp).DevicePsk, ...(at === undefined ? {} : { expiry: Math.floor(at / 1000) }) }),
  group: (values) => ({ values }),
  topics: {
    report: (lamp) => `$thing/up/property/LAMP000001/lamp${lamp}`,
    set: (lamp) => `$thing/down/property/LAMP000001/lamp${lamp}`,
    command: (lamp) => `$thing/down/action/LAMP000001/lamp${lamp}`,
    everything: (lamp) => `$thing/down/+/LAMP000001/lamp${lamp}`,
    everybodys: '$thing/down/property/LAMP000001/+',
    custom: (lamp) => `LAMP000001/lamp${lamp}/data`,
  },
  reportText: (values) => JSON.stringify({ method: 'report', clientToken: 't-1', params: values }),
  wrongReport: { text: '{"method":"report","clientToken":"t","params":7}', path: '$.params' },
  wrongSet: { text: '{"method":"control","clientToken":"t","params":"all"}', path: '$.params' },
};

/** Both, for `describe.each`. */
export const CLOUDS: readonly Cloud[] = [HUAWEI, TENCENT];
