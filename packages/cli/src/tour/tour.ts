import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { Device, huawei, isLianyunError } from 'lianyun';
import type { Platform } from '@lianyun/platform';
import { expect, type Checklist } from './checklist.ts';
import { childSteps } from './child-steps.ts';
import { fileSteps } from './file-steps.ts';
import { MACHINE_PROFILE, MACHINE_TEMPLATE } from './models.ts';
import type { NorthClient } from '../north-client.ts';
import { Maker, otaSteps } from './ota-steps.ts';
import { huaweiThing, tencentThing, type Thing } from './thing.ts';

/** Tencent's type of products whose devices may have sub-devices. */
const GATEWAY = 5;

export interface TourOptions {
  readonly platform: Platform;
  readonly north: NorthClient;
  /** Where devices connect, `mqtt://host:port`. */
  readonly server: string;
  /** Where the things keep what they install. */
  readonly directory: string;
  write(line: string): void;
}

/** What the tour made, for a device of one's own. */
export interface Own {
  readonly huawei: { readonly deviceId: string; readonly secret: string };
  readonly tencent: { readonly productId: string; readonly deviceName: string; readonly deviceSecret: string };
}

/** The two things that the tour connected, and what a visitor can connect. */
export interface Toured {
  readonly things: readonly Thing[];
  readonly own: Own;
}

/**
 * The main job: this machine becomes a thing on each cloud, and every message that is built goes back and forth once, checked.
 * When a step fails, the things are closed: one that is left would try to connect for ever.
 */
export async function runTour(options: TourOptions, checklist: Checklist): Promise<Toured> {
  const things: Thing[] = [];
  try {
    return { things, own: await runSteps(options, checklist, things) };
  } catch (error) {
    await Promise.all(things.map((thing) => thing.close()));
    throw error;
  }
}

async function runSteps({ platform, north, server, directory, write }: TourOptions, checklist: Checklist, things: Thing[]): Promise<Own> {
  const maker = new Maker();
  const suffix = randomBytes(3).toString('hex');
  const [productId, secret] = [`machine${suffix}`, randomBytes(8).toString('hex')];
  const deviceId = `${productId}_this`;
  let tencentProduct = '';
  let devicePsk = '';
  const own: { huawei?: Own['huawei']; tencent?: Own['tencent'] } = {};

  await checklist.step('Huawei: create product and device', async () => {
    const product = await north.huawei('POST', '/products', { product_id: productId, name: 'Machine', device_type: 'Machine', protocol_type: 'MQTT', data_format: 'json', service_capabilities: MACHINE_PROFILE });
    expect(product.status === 201, 'CreateProduct did not answer 201', product);
    const device = await north.huawei('POST', '/devices', { device_id: deviceId, node_id: 'this', product_id: productId, auth_info: { auth_type: 'SECRET', secret } });
    expect(device.status === 201 && device.body['device_id'] === deviceId, 'AddDevice did not answer with the device', device);
    const mine = await north.huawei('POST', '/devices', { node_id: 'mine', product_id: productId, auth_info: { secret: randomBytes(8).toString('hex') } });
    const info = mine.body['auth_info'] as { readonly secret: string };
    own.huawei = { deviceId: String(mine.body['device_id']), secret: info.secret };
    return `${deviceId}, 8 properties, 1 command, 1 event`;
  });

  await checklist.step('Tencent: create product, model and device', async () => {
    const made = await north.tencent('CreateStudioProduct', { ProductName: `machine-${suffix}`, CategoryId: 1, ProductType: GATEWAY, EncryptionType: '2', NetType: 'wifi', DataProtocol: 1, ProductDesc: 'this machine', ProjectId: 'tour' });
    const product = made.body['Product'] as { readonly ProductId?: string } | undefined;
    tencentProduct = product?.ProductId ?? '';
    expect(tencentProduct !== '', 'CreateStudioProduct gave no ProductId', made.body);
    const model = await north.tencent('ModifyModelDefinition', { ProductId: tencentProduct, ModelSchema: JSON.stringify(MACHINE_TEMPLATE) });
    expect(model.body['Error'] === undefined, 'ModifyModelDefinition failed', model.body);
    const psk = async (name: string): Promise<string> => {
      const { body } = await north.tencent('CreateDevice', { ProductId: tencentProduct, DeviceName: name });
      const data = body['Data'] as { readonly DevicePsk?: string } | undefined;
      expect(typeof data?.DevicePsk === 'string', 'CreateDevice gave no DevicePsk', body);
      return data.DevicePsk;
    };
    devicePsk = await psk('this');
    own.tencent = { productId: tencentProduct, deviceName: 'mine', deviceSecret: await psk('mine') };
    return `${tencentProduct}/this, 8 properties, 1 action, 1 event`;
  });

  const asHuawei = () => huaweiThing({ server, directory: path.join(directory, 'huawei'), trust: maker, deviceId, secret });
  const asTencent = () => tencentThing({ server, directory: path.join(directory, 'tencent'), trust: maker, productId: tencentProduct, deviceName: 'this', deviceSecret: devicePsk });
  const onHuawei = await asHuawei();
  things.push(onHuawei);
  const onTencent = await asTencent();
  things.push(onTencent);
  const names = { ProductId: tencentProduct, DeviceName: 'this' };

  await checklist.step('Sign in on both clouds', async () => {
    await Promise.all([onHuawei.device.connect(), onTencent.device.connect()]);
    const [shown, described] = [await north.huawei('GET', `/devices/${deviceId}`), await north.tencent('DescribeDevice', names)];
    expect(shown.body['status'] === 'ONLINE', 'ShowDevice does not say ONLINE', shown.body);
    const device = described.body['Device'] as { readonly Status?: number } | undefined;
    expect(device?.Status === 1, 'DescribeDevice does not say 1 (online)', described.body);
    return 'HMAC-SHA256 on both, one port';
  });

  await checklist.step('A wrong secret is refused in words', async () => {
    const stranger = new Device({ dialect: huawei, identity: { deviceId, secret: 'not-the-secret' }, server, proxy: false });
    const error = await stranger.connect().then(() => undefined, (cause: unknown) => cause);
    await stranger.close();
    expect(isLianyunError(error, 'bad-credentials'), 'the sign-in was not refused as bad-credentials', String(error));
    expect(platform.access.isOnline('huawei', deviceId), 'the stranger disturbed the real device');
    return error.message;
  });

  await checklist.step('Huawei: report this machine, read the shadow', async () => {
    const { values } = await onHuawei.report();
    const { body } = await north.huawei('GET', `/devices/${deviceId}/shadow`);
    const shadow = body['shadow'] as readonly { readonly reported?: { readonly properties?: object } }[] | undefined;
    expect(JSON.stringify(shadow?.[0]?.reported?.properties) === JSON.stringify(values), 'the shadow does not hold what was reported', body);
    return JSON.stringify(values);
  });

  await checklist.step('Tencent: report this machine, read the data', async () => {
    const { values } = await onTencent.report();
    const { body } = await north.tencent('DescribeDeviceData', names);
    const data = JSON.parse(String(body['Data'])) as Record<string, { readonly Value?: unknown } | undefined>;
    for (const [name, value] of Object.entries(values)) expect(data[name]?.Value === value, `DescribeDeviceData does not hold ${name}`, body);
    return JSON.stringify(values);
  });

  await checklist.step('Huawei: read live properties', async () => {
    const { body } = await north.huawei('GET', `/devices/${deviceId}/properties?service_id=machine`);
    const { services } = (body['response'] ?? {}) as { readonly services?: readonly { readonly properties: { readonly load?: number } }[] };
    expect(typeof services?.[0]?.properties.load === 'number', 'ListProperties gave no live values', body);
    return `load ${services[0].properties.load}`;
  });

  await checklist.step('Huawei: set the interval', async () => {
    const { body } = await north.huawei('PUT', `/devices/${deviceId}/properties`, { services: [{ service_id: 'machine', properties: { interval: 2 } }] });
    const answer = body['response'] as { readonly result_code?: number } | undefined;
    expect(answer?.result_code === 0 && onHuawei.interval === 2, 'the device did not take interval 2', body);
    return 'interval is 2 s, the device answered 0';
  });

  await checklist.step('Tencent: control the interval', async () => {
    const { body } = await north.tencent('ControlDeviceData', { ...names, Data: JSON.stringify({ interval: 3 }) });
    expect(String(body['Result']).includes('"Sent":1'), 'ControlDeviceData was not sent', body);
    await until(platform, () => reported(platform, tencentProduct) === 3);
    expect(onTencent.interval === 3, 'the device did not take interval 3', onTencent.interval);
    return 'interval is 3 s, the device reported it';
  });

  await checklist.step('Huawei: command "top"', async () => {
    const { body } = await north.huawei('POST', `/devices/${deviceId}/commands`, { service_id: 'machine', command_name: 'top', paras: { count: 3 } });
    const answer = body['response'] as { readonly result_code?: number; readonly paras?: { readonly processes?: string } } | undefined;
    expect(answer?.result_code === 0 && typeof answer.paras?.processes === 'string', 'the command was not answered', body);
    return answer.paras.processes;
  });

  await checklist.step('Tencent: action "top"', async () => {
    const { body } = await north.tencent('CallDeviceActionSync', { ...names, ActionId: 'top', InputParams: JSON.stringify({ count: 3 }) });
    const text = body['OutputParams'];
    const output = (typeof text === 'string' ? JSON.parse(text) : null) as { readonly processes?: string } | null;
    expect(typeof output?.processes === 'string', 'the action was not answered', body);
    return output.processes;
  });

  await checklist.step('Huawei: event "busy"', async () => {
    const params = await onHuawei.alert();
    const { items } = platform.events.list('huawei', deviceId, { from: 0, to: Date.now(), limit: 1 });
    expect(items[0]?.name === 'busy' && JSON.stringify(items[0].params) === JSON.stringify(params), 'the event was not kept', items);
    return JSON.stringify(params);
  });

  await checklist.step('Tencent: event "busy", read the history', async () => {
    const params = await onTencent.alert();
    const { body } = await north.tencent('ListEventHistory', { ...names, EventId: 'busy' });
    const [event] = (body['EventHistory'] ?? []) as readonly { readonly Type?: string; readonly Data?: string }[];
    expect(event?.Type === 'alert' && event.Data === JSON.stringify(params), 'ListEventHistory does not hold the event', body);
    return `${event.Type} ${event.Data}`;
  });

  await checklist.step('Huawei: a message, and the device answers with one', async () => {
    const { status, body } = await north.huawei('POST', `/devices/${deviceId}/messages`, { name: 'greeting', message: suffix });
    expect(status === 201 && (body['result'] as { readonly status?: string }).status === 'DELIVERED', 'CreateMessage was not delivered', body);
    const echoed = (): boolean => platform.mailbox.received('huawei', deviceId).some(({ message }) => 'content' in message && message.name === 'echo' && message.content === suffix);
    await until(platform, echoed);
    return `"${suffix}" went down and came back`;
  });

  await childSteps({ north, onHuawei, onTencent, suffix }, checklist);
  await fileSteps({ platform, onHuawei }, checklist);
  await otaSteps({ platform, north, maker, onHuawei, onTencent }, checklist);

  await checklist.step('Tencent: a control for an offline device waits for it', async () => {
    await onTencent.close();
    const { body } = await north.tencent('ControlDeviceData', { ...names, Data: JSON.stringify({ interval: 4 }) });
    expect(String(body['Result']).includes('"Sent":0'), 'the control was not kept', body);
    const again = await asTencent();
    things[1] = again;
    await again.device.connect();
    await until(platform, () => platform.twins.read('tencent', `${tencentProduct}/this`)[0]?.desired === undefined);
    expect(again.interval === 4, 'the device did not take the waiting control', again.interval);
    return 'get_status brought interval 4, clear_control took it back';
  });

  await checklist.step('Huawei: a command for an offline device fails at once', async () => {
    await onHuawei.close();
    const { body } = await north.huawei('POST', `/devices/${deviceId}/commands`, { service_id: 'machine', command_name: 'top', paras: { count: 1 } });
    expect(body['error_code'] === 'IOTDA.014016', 'the answer is not IOTDA.014016', body);
    const again = await asHuawei();
    things[0] = again;
    await again.device.connect();
    const { values } = await again.report();
    return `IOTDA.014016; started again, the sampler is still ${JSON.stringify(values['sampler'])}`;
  });

  write('');
  if (own.huawei === undefined || own.tencent === undefined) throw new Error('the devices for a visitor were not made');
  return { huawei: own.huawei, tencent: own.tencent };
}

/** The interval that the Tencent device reported last. */
function reported(platform: Platform, productId: string): unknown {
  return platform.twins.read('tencent', `${productId}/this`)[0]?.reported?.values['interval'];
}

/** Waits for a state that a frame brings about. */
async function until(platform: Platform, isReached: () => boolean): Promise<void> {
  if (isReached()) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // The frame is shown before the platform has acted on it: look again when this turn is over.
  const look = (): void => void setImmediate(() => isReached() && resolve());
  const timer = setTimeout(() => reject(new Error('the expected state was not reached within 5 s')), 5000);
  platform.on('frame', look);
  try {
    await promise;
  } finally {
    platform.off('frame', look);
    clearTimeout(timer);
  }
}
